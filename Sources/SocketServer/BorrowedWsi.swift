internal import CLibwebsockets
internal import EventLoop
internal import Glibc

/// A connection of libwebsockets, borrowed: valid until its `WSI_DESTROY` callback, in which the
/// server forgets it. All of the module's calls on a connection go through here.
@LoopActor
@safe struct BorrowedWsi {
    // SAFETY: libwebsockets owns the memory; `Connection` is removed in WSI_DESTROY, before it is
    // freed, and nothing else keeps one.
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    // MARK: - Names

    /// The number that the server gave the connection; 0 if it has none.
    var number: UInt64 {
        get {
            // The opaque user pointer holds a plain number; it is never followed.
            UInt64(UInt(bitPattern: unsafe lws_get_opaque_user_data(pointer)))
        }
        nonmutating set {
            unsafe lws_set_opaque_user_data(
                pointer, UnsafeMutableRawPointer(bitPattern: UInt(newValue)))
        }
    }

    var descriptor: Int32 { unsafe lws_get_socket_fd(pointer) }

    var isSecure: Bool { unsafe lws_is_ssl(pointer) != 0 }

    /// Bytes of a client's public key at most (RSA of 16,384 bits has 2,086).
    private static let keyBytes = 4_096

    /// The public key of the certificate that the client has shown and OpenSSL has verified, also when the
    /// session was resumed.
    var certificateKey: [UInt8]? {
        guard isSecure else { return nil }
        let room = MemoryLayout<lws_tls_cert_info_results>.size + Self.keyBytes
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: room, alignment: MemoryLayout<lws_tls_cert_info_results>.alignment)
        defer { unsafe memory.deallocate() }
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: room)
        let info = unsafe memory.bindMemory(to: lws_tls_cert_info_results.self, capacity: 1)
        guard
            unsafe lws_tls_peer_cert_info(pointer, LWS_TLS_CERT_INFO_VERIFIED, info, 0) == 0,
            unsafe info.pointee.verified == 1,
            unsafe lws_tls_peer_cert_info(
                pointer, LWS_TLS_CERT_INFO_OPAQUE_PUBLIC_KEY, info, Self.keyBytes) == 0
        else { return nil }
        let length = Int(unsafe info.pointee.ns.len)
        guard 1...Self.keyBytes ~= length else { return nil }
        // SAFETY: what is written follows the length and may go on behind the union (lws-x509.h); so much
        // was allocated.
        return unsafe [UInt8](
            UnsafeRawBufferPointer(
                start: memory.advanced(by: MemoryLayout<Int32>.size), count: length))
    }

    // MARK: - Writing

    /// Bytes that libwebsockets keeps because the kernel did not take them.
    var isPartial: Bool { unsafe lws_partial_buffered(pointer) != 0 }

    /// Writes bytes as they are; what the kernel does not take is kept and sent later.
    ///
    /// - Returns: whether the connection can go on.
    func write(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return true }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            // SAFETY: LWS_WRITE_HTTP sends the bytes without a header and does not change them
            // (docs/decisions), so the cast from `const` is sound.
            unsafe lws_write(
                pointer, UnsafeMutablePointer(mutating: buffer.baseAddress), buffer.count,
                LWS_WRITE_HTTP) >= 0
        }
    }

    func write(_ bytes: [UInt8]) -> Bool { write(bytes[...]) }

    /// What became of bytes that were written.
    enum Written {
        /// The kernel has them.
        case whole
        /// libwebsockets keeps what the kernel did not take.
        case kept
        /// The connection cannot go on.
        case failed
    }

    /// Writes bytes as they are; nothing may wait to be sent before them (``isPartial``).
    ///
    /// The kernel is asked directly, unless there is TLS: it nearly always takes all of it, and `lws_write`
    /// reads much of the connection's memory on its way to the same call. For a fan-out to thousands of
    /// connections all that has to come from afar each time.
    ///
    /// - Parameter descriptor: the connection's own; negative if only libwebsockets may write.
    func writeNext(_ bytes: [UInt8], descriptor: Int32) -> Written {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            let sent =
                descriptor >= 0
                ? unsafe send(
                    descriptor, buffer.baseAddress, buffer.count,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) : 0
            guard sent < buffer.count else { return .whole }
            // An error is for libwebsockets to find: it meets the same one.
            guard write(bytes[max(0, sent)...]) else { return .failed }
            return isPartial ? .kept : .whole
        }
    }

    func askForWritable() {
        unsafe lws_callback_on_writable(pointer)
    }

    // MARK: - Reading

    /// Stops or resumes reading from the peer.
    func allowReading(_ isAllowed: Bool) {
        unsafe lws_rx_flow_control(pointer, isAllowed ? 1 : 0)
    }

    /// The length of a header's value, all its occurrences together; 0 if it is absent.
    func length(of token: lws_token_indexes) -> Int {
        Int(unsafe lws_hdr_total_length(pointer, token))
    }

    /// The value of a header that libwebsockets knows; several are joined by commas.
    func header(_ token: lws_token_indexes) -> [UInt8]? {
        let length = length(of: token)
        guard length > 0 else { return nil }
        return unsafe copy(room: length + 1) { unsafe lws_hdr_copy(pointer, $0, $1, token) }
    }

    /// One fragment of a value: of the query, one `name=value`.
    func fragment(_ index: Int32, of token: lws_token_indexes) -> [UInt8]? {
        let length = Int(unsafe lws_hdr_fragment_length(pointer, token, index))
        return unsafe copy(room: length + 1) {
            unsafe lws_hdr_copy_fragment(pointer, $0, $1, token, index)
        }
    }

    /// The value of a header that libwebsockets has no token for.
    ///
    /// - Parameter name: in lower case, with the colon.
    func customHeader(_ name: String) -> [UInt8]? {
        let length = Int(unsafe lws_hdr_custom_length(pointer, name, Int32(name.utf8.count)))
        guard length >= 0 else { return nil }
        return unsafe copy(room: length + 1) {
            unsafe lws_hdr_custom_copy(pointer, $0, $1, name, Int32(name.utf8.count))
        }
    }

    private func copy(
        room: Int, _ fill: (UnsafeMutablePointer<CChar>, Int32) -> Int32
    ) -> [UInt8]? {
        var isFilled = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            let written = unsafe base.withMemoryRebound(to: CChar.self, capacity: room) {
                unsafe fill($0, Int32(room))
            }
            isFilled = written >= 0
            count = max(0, min(Int(written), room))
        }
        return isFilled ? bytes : nil
    }

    // MARK: - The message that is being received

    var isBinary: Bool { unsafe lws_frame_is_binary(pointer) != 0 }
    /// Whether the frame has RSV1, which permessage-deflate sets (RFC 7692, 6).
    var hasExtensionBit: Bool { unsafe lws_get_reserved_bits(pointer) & 0x40 != 0 }
    var isFirstFragment: Bool { unsafe lws_is_first_fragment(pointer) != 0 }
    var isFinalFragment: Bool { unsafe lws_is_final_fragment(pointer) != 0 }
    var remainingPayload: Int { unsafe lws_remaining_packet_payload(pointer) }

    /// The Close frame's payload that libwebsockets has prepared itself, if any.
    var preparedClose: [UInt8] {
        let length = Int(unsafe lws_get_close_length(pointer))
        guard length > 0, length <= 125, let payload = unsafe lws_get_close_payload(pointer) else {
            return []
        }
        return unsafe [UInt8](UnsafeBufferPointer(start: payload, count: length))
    }

    // MARK: - Ending

    func setTimeout(_ time: Duration) {
        let seconds = Int32(clamping: max(1, time.components.seconds))
        unsafe lws_set_timeout(pointer, PENDING_TIMEOUT_USER_OK, seconds)
    }

    func clearTimeout() {
        unsafe lws_set_timeout(pointer, NO_PENDING_TIMEOUT, 0)
    }

    /// Closes soon, from outside of the connection's own callbacks.
    func kill() {
        unsafe lws_set_timeout(pointer, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC)
        wakeTimers()
    }

    /// Makes libwebsockets look at its timers: under libuv it does so only after an event of one
    /// of its connections, so a time set from elsewhere would wait for one.
    func wakeTimers() {
        unsafe lws_cancel_service_pt(pointer)
    }

    /// Ends a request; the connection waits for the next one.
    ///
    /// - Returns: whether it does; otherwise it must be closed.
    func completeTransaction() -> Bool {
        unsafe lws_http_transaction_completed(pointer) == 0
    }
}
