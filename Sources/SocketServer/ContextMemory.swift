internal import CLibwebsockets
internal import EventLoop
internal import Glibc

/// C memory that libwebsockets' context points at for as long as it lives.
@safe final class ContextMemory {
    // SAFETY: allocated in `init`, freed in `deinit`; the owner of the context owns this object.
    let protocols: UnsafeMutablePointer<lws_protocols>
    let loops: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    let extensions: UnsafeMutablePointer<lws_extension>
    let retryPolicy: UnsafeMutablePointer<lws_retry_bo_t>
    let serverName: UnsafeMutablePointer<CChar>?
    let alpn: UnsafeMutablePointer<CChar>?
    private var strings: [UnsafeMutablePointer<CChar>?]

    /// Bytes that libwebsockets collects before it hands on a piece of a message; each WebSocket
    /// owns a buffer of this size, and messages from clients are small.
    private static let receiveBufferSize = 1_024
    /// Most bytes in one write; beyond, libwebsockets copies the rest for each connection.
    private static let transmitSize = 256 * 1024

    init(subprotocols: [String]) {
        let names = ["http"] + subprotocols
        unsafe strings = []
        unsafe protocols = .allocate(capacity: names.count + 1)
        unsafe loops = .allocate(capacity: 1)
        unsafe loops.initialize(to: unsafe EventLoop.shared.uvLoop)
        unsafe extensions = .allocate(capacity: 2)
        // A policy of zeros means no timers for validity: libwebsockets keeps its timers in one
        // sorted list, so a timer for each socket costs more with every socket. We ping ourselves.
        unsafe retryPolicy = .allocate(capacity: 1)
        unsafe retryPolicy.initialize(to: unsafe lws_retry_bo_t())
        unsafe serverName = strdup("celeriac")
        unsafe alpn = strdup("http/1.1")
        unsafe protocols.initialize(repeating: unsafe lws_protocols(), count: names.count + 1)
        unsafe extensions.initialize(repeating: unsafe lws_extension(), count: 2)
        unsafe extensions[0].name = unsafe string(DeflateOffer.name)
        unsafe extensions[0].callback = unsafe libraryExtension
        for (index, name) in names.enumerated() {
            unsafe protocols[index].name = unsafe string(name)
            unsafe protocols[index].callback = unsafe libraryCallback
            // libwebsockets tells of the end of a binding only if there is memory of a session.
            unsafe protocols[index].per_session_data_size = 1
            unsafe protocols[index].rx_buffer_size = Self.receiveBufferSize
            unsafe protocols[index].tx_packet_size = Self.transmitSize
        }
    }

    /// A copy that lives as long as this object.
    func string(_ text: String) -> UnsafePointer<CChar>? {
        let copy = unsafe strdup(text)
        unsafe strings.append(copy)
        return unsafe UnsafePointer(copy)
    }

    deinit {
        while let string = unsafe strings.popLast() { unsafe free(string) }
        unsafe free(serverName)
        unsafe free(alpn)
        unsafe protocols.deallocate()
        unsafe extensions.deallocate()
        unsafe loops.deallocate()
        unsafe retryPolicy.deallocate()
    }
}
