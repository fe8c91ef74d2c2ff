internal import EventLoop

/// What a write needs to know of an open WebSocket.
@LoopActor
struct Outlet {
    let wsi: BorrowedWsi
    /// The descriptor, if bytes may go to it without libwebsockets; -1 if there is TLS between.
    ///
    /// libwebsockets closes it and tells so (`WSI_DESTROY`) in one go, so that it is no other's meanwhile.
    let descriptor: Int32
    /// Whether the peer takes compressed frames.
    let isDeflated: Bool

    /// Of a WebSocket that is open.
    ///
    /// - Parameter isPlain: whether there is no TLS.
    init(_ connection: Connection, isPlain: Bool) {
        wsi = connection.wsi
        descriptor = isPlain ? connection.wsi.descriptor : -1
        isDeflated = connection.deflate != nil
    }

    /// Writes bytes as they are; nothing may wait to be sent before them (``BorrowedWsi/isPartial``).
    func write(_ bytes: [UInt8]) -> BorrowedWsi.Written {
        wsi.writeNext(bytes, descriptor: descriptor)
    }
}
