internal import CLibwebsockets
internal import EventLoop

/// Every event of every connection; libwebsockets calls it on the loop's thread only.
func libraryCallback(
    _ wsi: OpaquePointer?, _ reason: lws_callback_reasons, _ session: UnsafeMutableRawPointer?,
    _ input: UnsafeMutableRawPointer?, _ length: Int
) -> Int32 {
    guard let wsi = unsafe wsi, unsafe lws_get_context(wsi) != nil,
        let user = unsafe lws_context_user(lws_get_context(wsi))
    else { return 0 }
    // The length is OpenSSL's verdict on the client's certificate; 0 from here would let it in
    // (`OpenSSL_verify_callback` of 4.1.6).
    if reason == LWS_CALLBACK_OPENSSL_PERFORM_CLIENT_CERT_VERIFICATION {
        return length == 0 ? 1 : 0
    }
    let wsiAddress = UInt(bitPattern: wsi)
    let userAddress = UInt(bitPattern: user)
    let inputAddress = UInt(bitPattern: input)
    return LoopActor.assumeIsolated {
        // SAFETY: the addresses are those of this call's arguments, which outlive it; the user
        // pointer is the LibraryContext, which outlives its C context.
        guard let raw = unsafe UnsafeRawPointer(bitPattern: userAddress),
            let wsi = unsafe OpaquePointer(bitPattern: wsiAddress)
        else { return 0 }
        let library = unsafe Unmanaged<LibraryContext>.fromOpaque(raw).takeUnretainedValue()
        guard let server = library.server else { return 0 }
        let input = unsafe UnsafeMutableRawPointer(bitPattern: inputAddress)
        return unsafe server.dispatch(BorrowedWsi(wsi), reason, input, length)
    }
}

/// The extension permessage-deflate as libwebsockets sees it: it does nothing.
///
/// Its own one keeps 100 KB for each connection, and mishandles parameters. But only if there is one does
/// it let frames with RSV1 pass; they are inflated, and made, in this module (`Inflater`, `Deflater`).
func libraryExtension(
    _ context: OpaquePointer?, _ extension: UnsafePointer<lws_extension>?, _ wsi: OpaquePointer?,
    _ reason: lws_extension_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ input: UnsafeMutableRawPointer?, _ length: Int
) -> Int32 {
    guard reason == LWS_EXT_CB_CONSTRUCT, let input = unsafe input else { return 0 }
    // SAFETY: for this reason `input` is where it wants the address of the list of parameters
    // (server-ws.c of 4.1.6); ours is empty and lives as long as the process.
    unsafe input.assumingMemoryBound(to: UnsafePointer<lws_ext_options>?.self).pointee =
        unsafe UnsafePointer(noExtensionOptions)
    return 0
}

/// A list of no parameters.
// SAFETY: written once, before anybody can read it, and never freed.
nonisolated(unsafe) private let noExtensionOptions: UnsafeMutablePointer<lws_ext_options> = {
    let list = UnsafeMutablePointer<lws_ext_options>.allocate(capacity: 1)
    unsafe list.initialize(to: unsafe lws_ext_options())
    return unsafe list
}()

/// A line of libwebsockets' log.
func libraryLogCallback(_ level: Int32, _ line: UnsafePointer<CChar>?) {
    guard let line = unsafe line else { return }
    LibraryLog.take(level: level, line: unsafe String(cString: line))
}

extension SocketServer {
    /// Sends an event to the method that handles it.
    ///
    /// - Returns: 0 to go on, anything else to close; after `CONFIRM_UPGRADE`, -1 to close.
    fileprivate func dispatch(
        _ wsi: BorrowedWsi, _ reason: lws_callback_reasons, _ input: UnsafeMutableRawPointer?,
        _ length: Int
    ) -> Int32 {
        if reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED {
            connectionAccepted(wsi)
            return 0
        }
        let number = wsi.number
        guard number != 0, let connection = connections[number] else { return 0 }
        switch reason {
        case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
            // `input` may be freed memory here (CVE-2025-11677); it is not read.
            return upgradeAsked(connection) ? 0 : -1
        case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
            guard case .upgrading = connection.phase else { return -1 }
            return 0
        case LWS_CALLBACK_CONFIRM_EXTENSION_OKAY:
            return takesOffer(connection) ? 0 : 1
        case LWS_CALLBACK_ADD_HEADERS:
            unsafe learnReadBuffer(input)
            unsafe answerOffer(connection, input)
            return 0
        case LWS_CALLBACK_HTTP:
            return requestReceived(connection) ? 0 : -1
        case LWS_CALLBACK_HTTP_BODY:
            return bodyReceived(connection, unsafe bytes(input, length)) ? 0 : -1
        case LWS_CALLBACK_HTTP_BODY_COMPLETION:
            return bodyCompleted(connection) ? 0 : -1
        case LWS_CALLBACK_HTTP_WRITEABLE:
            return answerWritable(connection) ? 0 : -1
        case LWS_CALLBACK_ESTABLISHED:
            return socketEstablished(connection) ? 0 : -1
        case LWS_CALLBACK_RECEIVE:
            guard !isIgnored(connection) else { return 0 }
            let address = UInt(bitPattern: input)
            pieceReceived(connection, unsafe bytes(input, length), at: address)
            return 0
        case LWS_CALLBACK_RECEIVE_PONG:
            connection.socket?.lastHeard = LoopActor.loop.milliseconds
            return 0
        case LWS_CALLBACK_SERVER_WRITEABLE:
            return socketWritable(connection) ? 0 : -1
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            return closeReceived(connection, unsafe bytes(input, length)) ? 0 : -1
        case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
            socketDropped(connection)
            return 0
        case LWS_CALLBACK_RAW_ADOPT:
            return 0
        case LWS_CALLBACK_RAW_RX:
            notHttp(connection, unsafe bytes(input, length))
            return -1
        case LWS_CALLBACK_WSI_DESTROY:
            connectionGone(connection)
            return 0
        default:
            return 0
        }
    }

    /// Copies what libwebsockets lends for the time of a callback.
    private func bytes(_ input: UnsafeMutableRawPointer?, _ length: Int) -> [UInt8] {
        guard let input = unsafe input, length > 0 else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: UnsafeRawPointer(input), count: length))
    }

    /// Adds the parameters of the accepted offer to the answer's `sec-websocket-extensions`.
    ///
    /// libwebsockets repeats the client's parameters only; its extension has none, so that what stands
    /// right before the present place is the bare name and the end of the line.
    private func answerOffer(_ connection: Connection, _ input: UnsafeMutableRawPointer?) {
        guard let deflate = connection.deflate, let input = unsafe input else { return }
        let arguments = unsafe input.assumingMemoryBound(to: lws_process_html_args.self)
        let end = Array("\r\n".utf8)
        let bare = Array(DeflateOffer.name.utf8) + end
        let added = Array(deflate.answer.utf8) + end
        guard unsafe Int(arguments.pointee.max_len) > added.count,
            let place = unsafe UnsafeMutableRawPointer(arguments.pointee.p)
        else { return }
        // SAFETY: the header of the extension has just been written there, so the bytes before exist.
        let before = unsafe UnsafeRawBufferPointer(
            start: place.advanced(by: -bare.count), count: bare.count)
        guard unsafe Array(before) == bare else { return }
        unsafe place.advanced(by: -end.count).copyMemory(
            from: added, byteCount: added.count)
        unsafe arguments.pointee.p += added.count - end.count
        unsafe arguments.pointee.max_len -= Int32(added.count - end.count)
    }

    /// Learns where the library's read buffer starts: `ADD_HEADERS` lends the rest of it.
    private func learnReadBuffer(_ input: UnsafeMutableRawPointer?) {
        guard library.readBuffer == 0, let input = unsafe input else { return }
        let arguments = unsafe input.load(as: lws_process_html_args.self)
        let end = UInt(bitPattern: unsafe arguments.p) + UInt(unsafe arguments.max_len)
        library.readBuffer = end - UInt(LibraryContext.readBufferSize)
    }
}
