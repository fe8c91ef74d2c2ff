package import EventLoop
package import Ports

/// A command connection that reconnects by itself for ever.
///
/// Commands are answered in order, each within a deadline. When the connection breaks, what waits
/// fails with `.connectionLost` and is never sent again: only the caller knows what may be repeated.
/// A started link lives until ``stop()``, even if nobody refers to it.
@LoopActor
package final class RedisConnection: BrokerCommands {
    /// What the link has done so far.
    package var statistics: LinkStatistics {
        var sum = totals
        sum.bytesIn += socket?.bytesIn ?? 0
        sum.bytesOut += socket?.bytesOut ?? 0
        return sum
    }
    /// Called on the loop when the link comes up, goes down, or fails for another reason than last
    /// time.
    package var onEvent: @LoopActor (LinkEvent) -> Void

    let configuration: RedisConfiguration
    private let connector: Connector
    private var machine: LinkMachine
    private var backoff: LoopTimer?
    private var tick: LoopTimer?
    private var lastReason: String?
    private(set) var identity = ServerIdentity()

    /// The figures without the bytes of the current connection.
    var totals = LinkStatistics()
    // The connection while there is one.
    var socket: LoopSocket?
    var queue = CommandQueue()

    /// How often deadlines are looked at.
    private static let tickPeriod = Duration.milliseconds(200)

    /// Makes a link that does nothing before ``start()``.
    ///
    /// - Parameters:
    ///   - configuration: the server, the limits, the times.
    ///   - onEvent: see ``onEvent``.
    package init(
        _ configuration: RedisConfiguration,
        onEvent: @escaping @LoopActor (LinkEvent) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.onEvent = onEvent
        connector = Connector(configuration)
        machine = LinkMachine(timeouts: configuration.timeouts)
    }

    /// Connects, and keeps connecting.
    package func start() {
        perform(machine.start())
        if tick == nil, !machine.isStopped {
            tick = LoopTimer(after: Self.tickPeriod, every: Self.tickPeriod) { self.watch() }
        }
    }

    /// Closes for good: what waits fails, no event follows.
    package func stop() {
        machine.stop()
        connector.cancel()
        backoff?.cancel()
        tick?.cancel()
        (backoff, tick) = (nil, nil)
        closeSocket(BrokerError(.connectionLost, "the link to Redis was stopped"))
    }

    /// Whether the greeting is done and the connection not known to be broken.
    package var isConnected: Bool { machine.isReady }

    // MARK: - Life of the connection

    private func perform(_ action: LinkMachine.Action) {
        switch action {
        case .none: break
        case .connect(let turn):
            connector.connect(turn: turn) { self.established($0) }
        case .wait(let seconds):
            backoff = LoopTimer(after: .milliseconds(Int64(seconds * 1000))) {
                self.backoff = nil
                self.perform(self.machine.waited())
            }
        }
    }

    private func established(_ result: Result<Establisher.Link, LinkFailure>) {
        switch result {
        case .failure(let failure):
            lost(failure.reason)
        case .success(let link):
            do throws(LinkFailure) {
                let socket = try LoopSocket(link, limits: configuration.limits)
                guard machine.connected(now: Clocks.monotonic) else { return socket.close() }
                self.socket = socket
                identity = link.identity
                totals.connections += 1
                lastReason = nil
                socket.open(
                    onReply: { reply throws(LinkFailure) in try self.received(reply) },
                    onFailure: { self.failed($0, on: socket) })
                onEvent(.connected(server: identity.version, runID: identity.runID))
            } catch {
                lost(error.reason)
            }
        }
    }

    /// Ends the connection, if it is still the current one.
    func failed(_ reason: String, on socket: LoopSocket) {
        guard self.socket === socket else { return }
        lost(reason)
    }

    private func lost(_ reason: String) {
        let wasReady = machine.isReady
        // The machine first, so that whoever is told below finds the link down.
        let action = machine.failed(
            now: Clocks.monotonic, random: Double.random(in: 0..<1))
        closeSocket(BrokerError(.connectionLost, "the connection to Redis broke: \(reason)"))
        perform(action)
        guard wasReady || reason != lastReason else { return }
        lastReason = reason
        onEvent(.disconnected(reason: reason))
    }

    private func closeSocket(_ error: BrokerError) {
        if let socket {
            totals.bytesIn += socket.bytesIn
            totals.bytesOut += socket.bytesOut
            socket.close()
        }
        socket = nil
        let now = Clocks.monotonic
        for request in queue.removeAll() {
            if request.deadline <= now {
                totals.timeouts += 1
                request.complete(.failure(BrokerError(.timedOut, "\(request.name): no reply")))
            } else {
                request.complete(.failure(error))
            }
        }
    }

    private func received(_ reply: RESPValue) throws(LinkFailure) {
        guard let request = try queue.received(reply) else { return }
        let isReplica =
            configuration.route.requiresMaster && request.replies.contains(where: isReadOnly)
        request.complete(.success(request.replies))
        if isReplica { throw LinkFailure("the server became a replica") }
    }

    private func isReadOnly(_ reply: RESPValue) -> Bool {
        if case .error(let text) = reply { text.hasPrefix("READONLY") } else { false }
    }

    /// Looks for a server that stopped answering.
    private func watch() {
        guard let socket, machine.isReady else { return }
        let now = Clocks.monotonic
        if let first = queue.first {
            guard first.deadline <= now else { return }
            failed("no reply to \(first.name) in time", on: socket)
        } else if now - socket.lastWrite >= configuration.timeouts.idlePing.inSeconds {
            submit([[Array("PING".utf8)]], timeout: nil, isOwn: true) { _ in }
        }
    }
}
