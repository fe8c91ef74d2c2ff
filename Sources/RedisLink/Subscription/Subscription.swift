package import EventLoop
package import Ports

/// A pattern subscription on an ingest thread of its own.
@LoopActor
package final class Subscription<Item: Sendable> {
    /// Turns one message into items, on the ingest thread: channel, payload, where to append.
    package typealias Decoder =
        @Sendable (_ channel: Span<UInt8>, _ payload: Span<UInt8>, _ items: inout [Item]) -> Void

    /// Makes a subscription that does nothing before ``start()``.
    ///
    /// - Parameters:
    ///   - configuration: the server.
    ///   - patterns: what to `PSUBSCRIBE` to; escape `* ? [ ] \` in literal parts.
    ///   - probeThrough: the command connection that publishes the probes; `nil` relies on `PING`
    ///     over the subscription alone.
    ///   - decode: turns one message into items; must not block.
    ///   - onEvent: called on the loop, in order.
    package init(
        _ configuration: RedisConfiguration, patterns: [[UInt8]],
        probeThrough: (any BrokerCommands)?,
        decode: @escaping Decoder,
        onEvent: @escaping @LoopActor (SubscriptionEvent<Item>) -> Void
    ) {}

    /// Makes the thread, which connects and subscribes for ever.
    package func start() {}

    /// Ends the thread soon; no event follows.
    package func stop() {}
}
