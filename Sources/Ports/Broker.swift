package import EventLoop

/// A value that a Redis server answers (RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/).
package enum RESPValue: Sendable, Equatable {
    /// The null bulk string or null array.
    case null
    /// An integer reply.
    case integer(Int64)
    /// A simple string such as `OK`.
    case status(String)
    /// A bulk string: any bytes.
    case bulk([UInt8])
    /// An array; its elements may be errors (inside `EXEC`).
    case array([RESPValue])
    /// An error reply, such as `WRONGTYPE Operation …`.
    case error(String)
}

/// Why a command has no reply.
package struct BrokerError: Error, Equatable, Sendable {
    /// What kind of failure it is.
    package enum Code: Sendable, Equatable {
        /// There is no connection now; nothing was sent.
        case notConnected
        /// The connection broke after the command was sent: it may or may not have been executed.
        case connectionLost
        /// The server answered an error.
        case refused
        /// The server did not answer in time; it may or may not have executed the command.
        case timedOut
        /// Too many commands wait already; nothing was sent.
        case overloaded
    }

    /// What kind of failure it is.
    package var code: Code
    /// What was attempted and what happened; no secrets, no payloads.
    package var message: String

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Commands to the broker (or the result backend), each answered in order.
@LoopActor
package protocol BrokerCommands: AnyObject, Sendable {
    /// Whether a command sent now would reach the server.
    var isConnected: Bool { get }

    /// Sends one command.
    ///
    /// - Parameter arguments: name and arguments, binary safe.
    /// - Returns: the reply; an error reply is thrown as `.refused`.
    func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue

    /// Sends several commands in one write and waits for all replies.
    ///
    /// - Parameter commands: each a name with its arguments.
    /// - Returns: one reply each, in order; an error reply stands as `.error`.
    func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue]

    /// Sends several commands in `MULTI` … `EXEC`.
    ///
    /// - Parameter commands: each a name with its arguments.
    /// - Returns: one reply each, in order; if the server refuses one while queueing, nothing is
    ///   executed and `.refused` is thrown.
    func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue]
}

extension BrokerCommands {
    /// Sends one command of text arguments.
    package func send(_ arguments: String...) async throws(BrokerError) -> RESPValue {
        try await send(arguments.map { Array($0.utf8) })
    }
}

/// What happens on a link to the broker.
package enum LinkEvent: Sendable, Equatable {
    /// The link works; `server` is the `redis_version`, `runID` the server's `run_id`.
    case connected(server: String, runID: String)
    /// The link broke or could not be made; the next attempt follows by itself.
    case disconnected(reason: String)
}

/// A batch of what came over pub/sub, decoded on the ingest thread.
package struct SubscriptionBatch<Item: Sendable>: Sendable {
    /// Decoded messages in order of arrival.
    package var items: [Item]
    /// Messages received since the last batch, decodable or not, without probes.
    package var messages: Int
    /// Bytes of their payloads.
    package var bytes: Int
    /// Messages thrown away because the loop did not keep up.
    package var dropped: Int
    /// Gateway time of arrival of the newest message, unix seconds.
    package var receivedAt: Double
    /// The same of the oldest message.
    package var oldestAt: Double

    /// Makes a batch of messages that arrived together.
    package init(items: [Item], messages: Int, bytes: Int, dropped: Int, receivedAt: Double) {
        self.items = items
        self.messages = messages
        self.bytes = bytes
        self.dropped = dropped
        self.receivedAt = receivedAt
        oldestAt = receivedAt
    }
}

/// What a subscription tells its owner, on the loop.
package enum SubscriptionEvent<Item: Sendable>: Sendable {
    /// Subscribed (again); messages flow from `at` (unix seconds) on.
    case subscribed(at: Double)
    /// The subscription is deaf since about `since` (unix seconds; the last sign of life).
    case lost(since: Double, reason: String)
    /// Messages.
    case batch(SubscriptionBatch<Item>)
    /// A probe came back: publish → receive took this many seconds.
    case probe(roundTrip: Double)
}
