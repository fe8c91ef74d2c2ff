package import EventLoop
package import Ports

/// A command connection that reconnects by itself for ever.
@LoopActor
package final class RedisConnection: BrokerCommands {
    /// What the link has done so far.
    package private(set) var statistics = LinkStatistics()
    /// Called on the loop when the link comes up or goes down.
    package var onEvent: @LoopActor (LinkEvent) -> Void

    /// Makes a link that does nothing before ``start()``.
    package init(
        _ configuration: RedisConfiguration,
        onEvent: @escaping @LoopActor (LinkEvent) -> Void = { _ in }
    ) {
        self.onEvent = onEvent
    }

    /// Connects, and keeps connecting.
    package func start() {}

    /// Closes for good: what waits fails.
    package func stop() {}

    package var isConnected: Bool { false }

    package func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue {
        throw BrokerError(.notConnected, "not connected")
    }

    package func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
        throw BrokerError(.notConnected, "not connected")
    }

    package func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
        throw BrokerError(.notConnected, "not connected")
    }
}
