package import EventLoop
package import Ports

/// Pops one list for ever on a connection of its own (wire.md 4.2, way A).
@LoopActor
package final class BlockingPopLink {
    /// Makes a link that does nothing before ``start()``.
    ///
    /// - Parameters:
    ///   - configuration: the server.
    ///   - key: the list.
    ///   - onEvent: called on the loop when the link comes up or goes down.
    ///   - onItem: called on the loop with each item, oldest first (`BRPOP`).
    package init(
        _ configuration: RedisConfiguration, key: [UInt8],
        onEvent: @escaping @LoopActor (LinkEvent) -> Void = { _ in },
        onItem: @escaping @LoopActor ([UInt8]) -> Void
    ) {}

    /// Connects and pops.
    package func start() {}

    /// Closes for good.
    package func stop() {}
}
