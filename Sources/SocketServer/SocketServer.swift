internal import CLibwebsockets
package import EventLoop
package import Logging
package import Ports

/// HTTP/1.1 and WebSocket on libwebsockets, attached to the process's libuv loop.
///
/// It serves the files of a web folder from memory, hands every other request to its handler, and
/// keeps WebSockets that the outside knows by ``SocketID`` only. How it works around the traps of
/// libwebsockets 4.1.6 is said where it does so; each has a test.
@LoopActor
package final class SocketServer: SocketOutput {
    let configuration: SocketServerConfiguration
    /// Whether there is no TLS between a connection and its bytes.
    let isPlain: Bool
    let handler: any SocketServerHandler
    let logger: Logger
    let library: LibraryContext
    let files: StaticFiles
    var listener: Listener?
    /// Present if there is TLS.
    var admission: TlsAdmission?
    var sweeper: LoopTimer?

    /// Every TCP connection by its number, from its adoption until libwebsockets frees it.
    var connections: [UInt64: Connection] = [:]
    /// The open WebSockets among them.
    let sockets = SocketTable()
    var connectionsByAddress: [String: Int] = [:]
    var socketsByAddress: [String: Int] = [:]
    /// WebSockets whose peers have not said who they are.
    package internal(set) var strangers = 0
    var strangersByAddress: [String: Int] = [:]
    /// Numbers of connections by the second of the ping period in which their ping is due.
    var pingRing: [Set<UInt64>]
    var pingHand = 0
    var lastNumber: UInt64 = 0
    var upgrades: RateMeter
    /// What the last write of several frames was made of.
    var joined = JoinedFrames()
    /// Compress and inflate for all connections: no message depends on an earlier one.
    let deflater = Deflater()
    let inflater = Inflater()
    /// Frames that were compressed.
    package internal(set) var framesCompressed = 0
    var isStopped = false
    /// Milliseconds of the loop's clock when the log was last told that there is no room.
    private var complainedAt: UInt64?
    /// The same, that too many handshakes of TLS wait.
    var refusedTlsAt: UInt64?

    /// Where the server listens, with the port that the system chose if it was 0.
    package let boundAddress: SocketAddress

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - configuration: where to listen, what to serve, what to allow.
    ///   - handler: answers requests and receives messages; kept until the server is released.
    ///   - logger: gets what libwebsockets says, and refusals at debug level.
    /// - Throws: ``SocketServerError`` if the port is taken, the certificate or the web folder
    ///   cannot be read, or libwebsockets cannot use libuv (its plugin is a Debian package).
    package init(
        configuration: SocketServerConfiguration, handler: any SocketServerHandler,
        logger: Logger = Logger(label: "celeriac.socket-server")
    ) throws(SocketServerError) {
        self.configuration = configuration
        isPlain = configuration.identity == nil
        self.handler = handler
        self.logger = logger
        let limits = configuration.limits
        upgrades = RateMeter(perSecond: limits.upgradesPerSecond)
        let seconds = max(1, Int(limits.pingEvery.components.seconds))
        pingRing = Array(repeating: [], count: seconds)
        files = try StaticFiles(
            root: configuration.webRoot, isWatching: configuration.isWatchingWebRoot,
            limits: limits)
        let listener = try Listener(address: configuration.address, port: configuration.port)
        boundAddress = listener.address
        library = try LibraryContext(configuration: configuration, logger: logger)
        self.listener = listener
        library.attach(self)
        if !isPlain {
            admission = TlsAdmission(limits: limits) { [unowned self] in tlsDecided($0, $1) }
        }
        listener.start(
            exhausted: { [unowned self] in roomGone($0) }, { [unowned self] in acceptWaiting($0) })
        sweeper = LoopTimer(after: .seconds(1), every: .seconds(1)) { [unowned self] in sweep() }
    }

    /// The system has no room for another connection: those that wait are taken when there is.
    private func roomGone(_ reason: String) {
        let now = LoopActor.loop.milliseconds
        guard complainedAt.map({ now - $0 >= 10_000 }) ?? true else { return }
        complainedAt = now
        logger.error(
            "connections wait: there is no room for another",
            metadata: ["error": "\(reason)", "connections": "\(connections.count)"])
    }

    /// WebSockets open now.
    package var socketCount: Int { sockets.count }

    /// Handshakes that were refused without asking the handler, by status.
    package internal(set) var handshakesRejected: [Int: Int] = [:]

    /// TCP connections open now, WebSockets included.
    package var connectionCount: Int { connections.count + (admission?.count ?? 0) }

    /// TCP connections that were closed because too many waited for their handshake of TLS.
    package internal(set) var tlsRefused = 0

    /// Stops accepting connections; open ones go on.
    package func stopListening() {
        listener?.close()
        listener = nil
    }

    /// Reads certificate and key anew, from the same files, for connections to come; open ones keep
    /// theirs.
    ///
    /// - Throws: if there is no TLS, or libwebsockets cannot use the files.
    package func reloadIdentity() throws(SocketServerError) {
        guard let identity = configuration.identity, library.reload(identity) else {
            throw SocketServerError(
                code: .identity, message: "libwebsockets cannot use the certificate")
        }
    }

    /// Closes every connection and returns when the last one is gone.
    ///
    /// WebSockets get a Close frame 1001. The server cannot be used afterwards; without this call
    /// it lives until the process ends.
    ///
    /// - Parameter grace: time that peers get to answer the Close frame.
    package func stop(within grace: Duration = .seconds(2)) async {
        guard !isStopped else { return }
        isStopped = true
        stopListening()
        sweeper?.cancel()
        sweeper = nil
        admission?.close()
        for connection in connections.values {
            if connection.socket != nil {
                writeClose(connection, code: 1001, reason: "shutdown")
            } else {
                connection.wsi.kill()
            }
        }
        await untilEmpty(within: grace)
        for connection in connections.values { connection.wsi.kill() }
        await untilEmpty(within: .seconds(10))
        library.abandon()
    }

    private func untilEmpty(within time: Duration) async {
        let end = LoopActor.loop.milliseconds + UInt64(time.components.seconds) * 1000
        await withCheckedContinuation { (finished: CheckedContinuation<Void, Never>) in
            var timer: LoopTimer?
            timer = LoopTimer(after: .zero, every: .milliseconds(5)) { [self] in
                guard connections.isEmpty || LoopActor.loop.milliseconds >= end else { return }
                timer?.cancel()
                timer = nil
                finished.resume()
            }
        }
    }
}
