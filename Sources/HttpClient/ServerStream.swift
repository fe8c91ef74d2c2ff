internal import COpenSSL
internal import Glibc
internal import Ports

/// A connection to a web server, with TLS or without, for a thread that may wait up to a deadline.
///
/// Certificates are verified against the authorities that OpenSSL finds: those of the system, or of the
/// variables `SSL_CERT_FILE` and `SSL_CERT_DIR`.
@safe final class ServerStream {
    // SAFETY: all are made in `init`, owned by this object alone and freed in `deinit`.
    private let connection: OpaquePointer
    private let context: OpaquePointer?
    private let session: OpaquePointer?
    private let descriptor: Int32
    private let deadline: Double

    /// OpenSSL writes with `write(2)`, so a closed peer would end the process by SIGPIPE.
    private static let ignoresBrokenPipes: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return true
    }()

    /// Connects, and shakes hands.
    init(to target: RequestTarget, seconds: Double) throws(WebError) {
        precondition(Self.ignoresBrokenPipes)
        deadline = Self.now + seconds
        ERR_clear_error()
        guard let made = unsafe BIO_new_connect(target.endpoint) else {
            throw Self.complaint("connecting")
        }
        do throws(WebError) {
            descriptor = try unsafe Self.connect(made, until: deadline)
        } catch {
            unsafe BIO_free_all(made)
            throw error
        }
        unsafe connection = made
        let context = target.isSecure ? unsafe Self.makeContext() : nil
        unsafe self.context = context
        unsafe session = context.flatMap { unsafe SSL_new($0) }
        if target.isSecure { try secure(target) }
    }

    /// Resolves the name and tries each of its addresses. The macros BIO_set_nbio, BIO_do_connect, BIO_should_retry
    /// and BIO_get_fd are written out.
    private static func connect(
        _ connection: OpaquePointer, until deadline: Double
    ) throws(WebError) -> Int32 {
        unsafe BIO_ctrl(connection, BIO_C_SET_NBIO, 1, nil)
        while true {
            let result = unsafe BIO_ctrl(connection, BIO_C_DO_STATE_MACHINE, 0, nil)
            let descriptor = Int32(clamping: unsafe BIO_ctrl(connection, BIO_C_GET_FD, 0, nil))
            if result == 1, descriptor >= 0 { return descriptor }
            guard descriptor >= 0, unsafe BIO_test_flags(connection, BIO_FLAGS_SHOULD_RETRY) != 0
            else { throw complaint("connecting") }
            try wait(for: POLLOUT, on: descriptor, until: deadline)
        }
    }

    deinit {
        unsafe SSL_free(session)
        unsafe SSL_CTX_free(context)
        unsafe BIO_free_all(connection)
    }

    /// TLS 1.2 and later, verified; `nil` if there is no memory.
    private static func makeContext() -> OpaquePointer? {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { return nil }
        // The macro SSL_CTX_set_min_proto_version.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        // Without authorities, no certificate is believed.
        unsafe SSL_CTX_set_default_verify_paths(context)
        return unsafe context
    }

    private func secure(_ target: RequestTarget) throws(WebError) {
        guard let session = unsafe session, unsafe SSL_set_fd(session, descriptor) == 1 else {
            throw Self.complaint("TLS")
        }
        var room = in6_addr()
        let host = target.host
        let isNumeric = [AF_INET, AF_INET6].contains { unsafe inet_pton($0, host, &room) == 1 }
        if !isNumeric {
            // Macro SSL_set_tlsext_host_name. SNI takes names only (RFC 6066, 3).
            var name = Array(host.utf8CString)
            unsafe SSL_ctrl(
                session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
        }
        let parameters = unsafe SSL_get0_param(session)
        let isExpected =
            isNumeric
            ? unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
            : unsafe X509_VERIFY_PARAM_set1_host(parameters, host, 0)
        guard isExpected == 1 else { throw Self.complaint("TLS host name") }
        unsafe SSL_set_connect_state(session)
        try unsafe shakeHands(session)
    }

    private func shakeHands(_ session: OpaquePointer) throws(WebError) {
        while true {
            ERR_clear_error()
            let result = unsafe SSL_do_handshake(session)
            if result == 1 { return }
            let verdict = unsafe SSL_get_verify_result(session)
            if verdict != Int(X509_V_OK) {
                let text = unsafe X509_verify_cert_error_string(verdict).map {
                    unsafe String(cString: $0)
                }
                throw WebError("the server's certificate is refused: \(text ?? "invalid")")
            }
            guard try unsafe waits(session, result) else { throw Self.complaint("TLS handshake") }
        }
    }

    // MARK: - Bytes

    /// Sends all bytes.
    func write(_ bytes: [UInt8]) throws(WebError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            ERR_clear_error()
            let count = unsafe rest.withUnsafeBytes { source -> Int in
                let room = Int32(clamping: source.count)
                // SAFETY: both read at most `source.count` bytes.
                if let session = unsafe session {
                    return Int(unsafe SSL_write(session, source.baseAddress, room))
                }
                return unsafe send(
                    descriptor, source.baseAddress, source.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if try !waits(after: count, POLLOUT) {
                throw Self.complaint("sending")
            }
        }
    }

    /// Some bytes; none if the server has ended the connection.
    func read() throws(WebError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            ERR_clear_error()
            let count = unsafe buffer.withUnsafeMutableBytes { target -> Int in
                // SAFETY: both write at most `target.count` bytes.
                if let session = unsafe session {
                    return Int(
                        unsafe SSL_read(session, target.baseAddress, Int32(target.count)))
                }
                return unsafe recv(descriptor, target.baseAddress, target.count, 0)
            }
            if count > 0 { return Array(buffer.prefix(count)) }
            if try !waits(after: count, POLLIN) {
                guard unsafe session == nil || isShut else { throw Self.complaint("reading") }
                guard unsafe session != nil || count == 0 else { throw WebError("reading failed") }
                return []
            }
        }
    }

    /// Whether the server has said that it ends, and was not cut off (TLS).
    private var isShut: Bool {
        guard let session = unsafe session else { return true }
        return unsafe SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN != 0
    }

    /// Waits if that is what an attempt asks for; false if it came to an end.
    private func waits(after result: Int, _ events: Int32) throws(WebError) -> Bool {
        if let session = unsafe session { return try unsafe waits(session, Int32(result)) }
        guard result < 0, errno == EAGAIN || errno == EINTR else { return false }
        try wait(for: events)
        return true
    }

    private func waits(_ session: OpaquePointer, _ result: Int32) throws(WebError) -> Bool {
        switch unsafe SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: try wait(for: POLLIN)
        case SSL_ERROR_WANT_WRITE: try wait(for: POLLOUT)
        default: return false
        }
        return true
    }

    private func wait(for events: Int32) throws(WebError) {
        try Self.wait(for: events, on: descriptor, until: deadline)
    }

    private static func wait(
        for events: Int32, on descriptor: Int32, until deadline: Double
    ) throws(WebError) {
        while true {
            let left = deadline - now
            guard left > 0 else { throw WebError("there was no whole answer in time") }
            var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            _ = unsafe poll(&watched, 1, Int32(min(left * 1000 + 1, 60_000)))
            if watched.revents != 0 { return }
        }
    }

    /// Monotonic seconds.
    private static var now: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// What OpenSSL has to say, taken out of its per-thread queue.
    private static func complaint(_ attempt: String) -> WebError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let reason = unsafe ERR_reason_error_string(code) else {
            return WebError("\(attempt) failed")
        }
        return WebError("\(attempt): \(unsafe String(cString: reason))")
    }
}
