internal import CLibwebsockets
internal import EventLoop
internal import Glibc
internal import Logging

/// libwebsockets' context and its one vhost, on our loop.
///
/// C callbacks find the server through it: the context's user pointer is this object, which holds
/// the server from ``attach(_:)`` until ``abandon()``.
@LoopActor
@safe final class LibraryContext {
    /// Size of libwebsockets' read buffer; its callbacks see pieces of at most this size.
    nonisolated static let readBufferSize = 16_384

    private(set) var server: SocketServer?
    /// Start of libwebsockets' read buffer, once it is known; see `FrameMask`.
    var readBuffer: UInt = 0
    // SAFETY: made in `init` and never freed (see `abandon`).
    private var vhost: OpaquePointer?
    private var context: OpaquePointer?
    /// Strings and tables that the context points at; they must outlive it.
    private let memory: ContextMemory

    init(
        configuration: SocketServerConfiguration, logger: Logger
    ) throws(SocketServerError) {
        unsafe vhost = nil
        memory = ContextMemory(subprotocols: configuration.subprotocols)
        LibraryLog.start(logger)
        try start(configuration)
    }

    private func start(_ configuration: SocketServerConfiguration) throws(SocketServerError) {
        let limits = configuration.limits
        var info = unsafe lws_context_creation_info()
        unsafe info.port = noListenServer
        unsafe info.protocols = unsafe UnsafePointer(memory.protocols)
        unsafe info.extensions = unsafe UnsafePointer(memory.extensions)
        unsafe info.foreign_loops = unsafe memory.loops
        unsafe info.user = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe info.uid = -1
        unsafe info.gid = -1
        unsafe info.options = UInt64(
            LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS
                | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME)
        if configuration.identity != nil {
            unsafe info.options |= UInt64(
                LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS)
        }
        unsafe info.pt_serv_buf_size = UInt32(Self.readBufferSize)
        unsafe info.max_http_header_data2 = UInt32(limits.headerBytes + limits.headerBytes / 2)
        unsafe info.max_http_header_pool2 = UInt32(limits.requestsInFlight)
        let handshake = UInt32(max(1, limits.handshake.components.seconds))
        unsafe info.timeout_secs = handshake
        unsafe info.timeout_secs_ah_idle = handshake
        unsafe info.keepalive_timeout = Int32(max(1, limits.keepAlive.components.seconds))
        unsafe info.retry_and_idle_policy = unsafe UnsafePointer(memory.retryPolicy)
        unsafe info.server_string = unsafe UnsafePointer(memory.serverName)
        unsafe info.alpn = unsafe UnsafePointer(memory.alpn)
        LibraryLog.forgetErrors()
        guard let context = unsafe lws_create_context(&info) else { throw Self.contextFailure() }

        unsafe info.options |= UInt64(LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG)
        unsafe info.vhost_name = unsafe UnsafePointer(memory.serverName)
        if let identity = configuration.identity {
            unsafe info.ssl_cert_filepath = unsafe memory.string(identity.certificatePath)
            unsafe info.ssl_private_key_filepath = unsafe memory.string(identity.privateKeyPath)
            unsafe info.ssl_options_set = opensslOptions
            unsafe info.ssl_cipher_list = unsafe memory.string(Self.ciphers)
            if let authority = identity.clientAuthorityPath {
                unsafe info.ssl_ca_filepath = unsafe memory.string(authority)
                unsafe info.options |=
                    verifyClients | UInt64(LWS_SERVER_OPTION_PEER_CERT_NOT_REQUIRED)
            }
        }
        guard let vhost = unsafe lws_create_vhost(context, &info) else {
            let said = LibraryLog.errors().joined(separator: "; ")
            abandon()
            throw SocketServerError(
                code: configuration.identity == nil ? .library : .identity,
                message: configuration.identity.map {
                    "cannot use the certificate \($0.certificatePath) and the key "
                        + "\($0.privateKeyPath): \(said)"
                } ?? "libwebsockets made no virtual host: \(said)")
        }
        unsafe self.vhost = unsafe vhost
        unsafe self.context = unsafe context
    }

    /// Of TLS 1.2, in OpenSSL's words: what has forward secrecy and authenticated encryption. TLS 1.3
    /// has no others.
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"

    private static func contextFailure() -> SocketServerError {
        let said = LibraryLog.errors()
        if said.contains(where: { $0.contains("evlib") }) {
            return SocketServerError(
                code: .eventLoopPlugin,
                message: "libwebsockets cannot use libuv: its plugin is missing; "
                    + "install the Debian package libwebsockets-evlib-uv")
        }
        return SocketServerError(
            code: .library,
            message: "libwebsockets did not start: \(said.joined(separator: "; "))")
    }

    func attach(_ server: SocketServer) {
        self.server = server
    }

    /// Gives an accepted socket to libwebsockets, which owns it from now on.
    func adopt(_ descriptor: Int32, number: UInt64) {
        guard let vhost = unsafe vhost else { return }
        var description = unsafe lws_adopt_desc_t()
        unsafe description.vh = unsafe vhost
        unsafe description.type = lws_adoption_type(
            LWS_ADOPT_SOCKET.rawValue | LWS_ADOPT_HTTP.rawValue | LWS_ADOPT_ALLOW_SSL.rawValue)
        unsafe description.fd.sockfd = descriptor
        // A plain number in the place of a pointer; it is never followed.
        unsafe description.opaque = UnsafeMutableRawPointer(bitPattern: UInt(number))
        _ = unsafe lws_adopt_descriptor_vhost_via_info(&description)
    }

    /// Reads certificate and key anew for connections to come.
    func reload(_ identity: SocketServerConfiguration.Identity) -> Bool {
        guard let context = unsafe context else { return false }
        return unsafe lws_tls_cert_updated(
            context, identity.certificatePath, identity.privateKeyPath, nil, 0, nil, 0) == 0
    }

    /// Lets go of the server; the C context stays, idle, for the rest of the process.
    ///
    /// Destroying it would close its event descriptor twice: at once, and again when libuv has
    /// closed the watcher (`lws_destroy_event_pipe` of 4.1.6). In between, another thread may have
    /// opened a file under the same number, which would then be closed under its feet.
    func abandon() {
        server = nil
        unsafe vhost = nil
        Self.abandoned.append(self)
    }

    private static var abandoned: [LibraryContext] = []
}

/// `CONTEXT_PORT_NO_LISTEN_SERVER`: a server whose sockets are adopted.
private let noListenServer: Int32 = -2

/// `LWS_SERVER_OPTION_REQUIRE_VALID_OPENSSL_CLIENT_CERT`, which does not import.
private let verifyClients: UInt64 = 1 << 1 | 1 << 12

/// TLS 1.2 and later, no compression, no renegotiation (openssl/ssl.h; the macros do not import).
private let opensslOptions: Int = 1 << 26 | 1 << 28 | 1 << 17 | 1 << 30
