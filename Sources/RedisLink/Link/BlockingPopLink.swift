package import EventLoop
package import Ports

/// Pops one list for ever on a connection of its own (wire.md 4.2, way A).
///
/// An item that the server popped while the connection broke is lost, as with any `BRPOP`.
/// A started link lives until ``stop()``.
@LoopActor
package final class BlockingPopLink {
    private let connection: RedisConnection
    private let key: [UInt8]
    private let wait: Duration
    private let onEvent: @LoopActor (LinkEvent) -> Void
    private let onItem: @LoopActor ([UInt8]) -> Void
    private let onRefused: @LoopActor (String?) -> Void
    private var isRefused = false
    private var retry: LoopTimer?
    private var isStopped = false

    /// What the server may need beyond the time it was asked to wait.
    private static let grace = Duration.seconds(3)

    /// Makes a link that does nothing before ``start()``.
    ///
    /// - Parameters:
    ///   - configuration: the server.
    ///   - key: the list.
    ///   - onEvent: called on the loop when the link comes up or goes down.
    ///   - onItem: called on the loop with each item, oldest first (`BRPOP`).
    ///   - onRefused: called on the loop with the server's error when it refuses to pop, and with
    ///     `nil` when it does so no more.
    package init(
        _ configuration: RedisConfiguration, key: [UInt8],
        onEvent: @escaping @LoopActor (LinkEvent) -> Void = { _ in },
        onItem: @escaping @LoopActor ([UInt8]) -> Void,
        onRefused: @escaping @LoopActor (String?) -> Void = { _ in }
    ) {
        connection = RedisConnection(configuration)
        self.key = key
        // BRPOP takes whole seconds before Redis 6, and 0 would wait for ever.
        wait = max(.seconds(1), .seconds(configuration.timeouts.blockingPop.components.seconds))
        self.onEvent = onEvent
        self.onItem = onItem
        self.onRefused = onRefused
    }

    /// Connects and pops.
    package func start() {
        connection.onEvent = { event in
            self.onEvent(event)
            if case .connected = event { self.pop() }
        }
        connection.start()
    }

    /// Closes for good; no event or item follows.
    package func stop() {
        isStopped = true
        retry?.cancel()
        retry = nil
        connection.stop()
        connection.onEvent = { _ in }
    }

    /// Whether items arrive now.
    package var isConnected: Bool { connection.isConnected }

    /// What the link has done so far.
    package var statistics: LinkStatistics { connection.statistics }

    private func pop() {
        retry?.cancel()
        retry = nil
        guard !isStopped, connection.isConnected else { return }
        let command = [Array("BRPOP".utf8), key, Array(String(wait.components.seconds).utf8)]
        connection.submit([command], timeout: wait + Self.grace) { self.popped($0) }
    }

    private func popped(_ result: Result<[RESPValue], BrokerError>) {
        guard !isStopped, case .success(let replies) = result else { return }
        if case .error(let text)? = replies.first {
            isRefused = true
            onRefused(ServerText.cleaned(text))
        } else if isRefused {
            isRefused = false
            onRefused(nil)
        }
        switch replies.first {
        case .array(let parts)?:
            if parts.count == 2, case .bulk(let item) = parts[1] { onItem(item) }
            pop()
        case .null?:
            pop()
        default:
            // Refused, such as WRONGTYPE or NOPERM: somebody may put it right, so ask now and then.
            retry = LoopTimer(after: .seconds(1)) { self.pop() }
        }
    }
}
