internal import COpenSSL
internal import Glibc

/// One TLS client session on a connected socket (https://docs.openssl.org/3.0/man7/ssl/).
@safe final class TLSSession {
    // SAFETY: both are made in `init`, owned by this object alone and freed in `deinit`.
    private let context: OpaquePointer
    private let session: OpaquePointer

    /// OpenSSL writes with `write(2)`, so a closed peer would end the process by SIGPIPE.
    private static let ignoresBrokenPipes: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return true
    }()

    /// Prepares a session on `descriptor`, which stays the caller's.
    ///
    /// The authorities and certificates are read here each time, so that renewed files are used
    /// from the next connection on. This reads files: not for the loop's thread.
    init(descriptor: Int32, host: String?, options: TLSOptions) throws(LinkFailure) {
        precondition(Self.ignoresBrokenPipes)
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw LinkFailure(Self.complaint("TLS context"))
        }
        do throws(LinkFailure) {
            try unsafe Self.configure(context, options)
        } catch {
            unsafe SSL_CTX_free(context)
            throw error
        }
        guard let session = unsafe SSL_new(context) else {
            unsafe SSL_CTX_free(context)
            throw LinkFailure(Self.complaint("TLS session"))
        }
        unsafe self.context = context
        unsafe self.session = session
        guard unsafe SSL_set_fd(session, descriptor) == 1 else {
            throw LinkFailure(Self.complaint("TLS session"))
        }
        try expect(host: host, options: options)
        unsafe SSL_set_connect_state(session)
    }

    deinit {
        unsafe SSL_free(session)
        unsafe SSL_CTX_free(context)
    }

    private static func configure(
        _ context: OpaquePointer, _ options: TLSOptions
    ) throws(LinkFailure) {
        // The C header has these three as macros round SSL_CTX_ctrl.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(modes), nil)
        if options.verification == .none {
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        } else {
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            let loaded =
                if let file = options.authorityFile {
                    unsafe SSL_CTX_load_verify_locations(context, file, nil)
                } else {
                    unsafe SSL_CTX_set_default_verify_paths(context)
                }
            guard loaded == 1 else {
                throw LinkFailure(complaint("reading \(options.authorityFile ?? "authorities")"))
            }
        }
        if let file = options.certificateFile {
            guard unsafe SSL_CTX_use_certificate_chain_file(context, file) == 1 else {
                throw LinkFailure(complaint("reading \(file)"))
            }
            let key = options.keyFile ?? file
            guard unsafe SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
                throw LinkFailure(complaint("reading \(key)"))
            }
        }
    }

    private func expect(host: String?, options: TLSOptions) throws(LinkFailure) {
        guard let host else { return }
        let isNumeric = Self.isNumeric(host)
        if !isNumeric {
            // Macro SSL_set_tlsext_host_name. SNI takes names only (RFC 6066, 3).
            var name = Array(host.utf8CString)
            unsafe SSL_ctrl(
                session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
        }
        guard options.verification != .none, options.checksHostname else { return }
        let parameters = unsafe SSL_get0_param(session)
        let accepted =
            isNumeric
            ? unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
            : unsafe X509_VERIFY_PARAM_set1_host(parameters, host, 0)
        guard accepted == 1 else { throw LinkFailure(Self.complaint("TLS host name \(host)")) }
    }

    private static func isNumeric(_ host: String) -> Bool {
        var room = in6_addr()
        return [AF_INET, AF_INET6].contains { unsafe inet_pton($0, host, &room) == 1 }
    }

    // MARK: - Bytes

    /// Whether decrypted bytes wait that the socket will not announce again.
    var hasBuffered: Bool { unsafe SSL_pending(session) > 0 }

    /// Goes on with the handshake; `.moved(1)` means that it is done.
    func shakeHands() -> Transport.Outcome {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        if result == 1 { return .moved(1) }
        let verdict = unsafe SSL_get_verify_result(session)
        let isStrict = unsafe SSL_get_verify_mode(session) != SSL_VERIFY_NONE
        if isStrict, verdict != Int(X509_V_OK) {
            let text = unsafe X509_verify_cert_error_string(verdict).map {
                unsafe String(cString: $0)
            }
            return .failed("the server's certificate is refused: \(text ?? "invalid")")
        }
        return outcome(of: result, "TLS handshake")
    }

    func read(into target: UnsafeMutableRawBufferPointer) -> Transport.Outcome {
        ERR_clear_error()
        let room = Int32(clamping: target.count)
        let count = unsafe SSL_read(session, target.baseAddress, room)
        return count > 0 ? .moved(Int(count)) : outcome(of: count, "TLS read")
    }

    func write(_ source: UnsafeRawBufferPointer) -> Transport.Outcome {
        ERR_clear_error()
        let length = Int32(clamping: source.count)
        let count = unsafe SSL_write(session, source.baseAddress, length)
        return count > 0 ? .moved(Int(count)) : outcome(of: count, "TLS write")
    }

    private func outcome(of result: Int32, _ attempt: String) -> Transport.Outcome {
        let code = errno
        switch unsafe SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL where code != 0:
            return .failed(LinkFailure.system(attempt, code).reason)
        default: return .failed(Self.complaint(attempt))
        }
    }

    /// What OpenSSL has to say, taken out of its per-thread queue.
    private static func complaint(_ attempt: String) -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let reason = unsafe ERR_reason_error_string(code) else {
            return "\(attempt): failed"
        }
        return "\(attempt): \(unsafe String(cString: reason))"
    }
}
