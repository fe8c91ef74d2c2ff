internal import EventLoop
internal import Ports
internal import RedisLink

/// One try of a server: whether it can be reached and entered, and which it is.
@LoopActor
final class BrokerTest {
    /// What came of it.
    struct Outcome {
        /// What the server was tried as: `broker`, `result backend`.
        var role: String
        /// The URL without secrets.
        var url: String
        /// Version of the server, empty if it does not tell; `nil` if it could not be entered.
        var version: String?
        /// Why not.
        var reason: String?

        /// Whether it answers.
        var isGood: Bool { reason == nil }
    }

    /// How long a server that does not answer is waited for.
    private static let patience: Duration = .seconds(5)

    /// Tries a server.
    static func run(_ role: String, _ route: BrokerRoute) async -> Outcome {
        let news = AsyncStream.makeStream(of: LinkEvent.self)
        let connection = RedisConnection(
            route.configuration.named("check"), onEvent: { news.continuation.yield($0) })
        let deadline = LoopTimer(after: patience) {
            news.continuation.yield(.disconnected(reason: "no answer within \(patience)"))
        }
        connection.start()
        defer {
            connection.stop()
            deadline.cancel()
        }
        var outcome = Outcome(role: role, url: route.description)
        outcome.reason = "no answer"
        let attempts = route.configuration.route.attempts
        var failures: [String] = []
        for await event in news.stream {
            switch event {
            case .connected(let server, _):
                outcome.version = server
                outcome.reason = nil
                return outcome
            case .disconnected(let reason):
                // A list of servers is tried to its end before it counts as failed.
                failures.append(reason)
                guard failures.count >= attempts || reason.hasPrefix("no answer within") else {
                    continue
                }
                outcome.reason = failures.joined(separator: "; ")
                return outcome
            }
        }
        return outcome
    }
}

extension RedisRoute {
    /// How many different failures there can be before every server was tried.
    fileprivate var attempts: Int {
        switch self {
        case .servers(let servers): servers.count
        case .sentinel: 1
        }
    }
}
