package import EventLoop
package import Ports

/// A pattern subscription on an ingest thread of its own.
///
/// The thread connects, subscribes, drains the socket, decodes and hands over batches; it never
/// waits for the loop, so that a long turn of the loop does not make the server's output buffer
/// overflow (wire.md 10.1). What the loop does not take in time is counted as dropped.
/// A started subscription lives until ``stop()``.
@LoopActor
package final class Subscription<Item: Sendable> {
    /// Turns one message into items, on the ingest thread: channel, payload, where to append.
    package typealias Decoder =
        @Sendable (_ channel: Span<UInt8>, _ payload: Span<UInt8>, _ items: inout [Item]) -> Void

    private let settings: IngestSettings<Item>
    private let probeThrough: (any BrokerCommands)?
    private let onEvent: @LoopActor (consuming SubscriptionEvent<Item>) -> Void
    private let inbox: SubscriptionInbox<Item>
    private let board = ProbeBoard()
    private var waker: Waker?
    private var retry: LoopTimer?
    private var isStopped = false

    /// Makes a subscription that does nothing before ``start()``.
    ///
    /// - Parameters:
    ///   - configuration: the server.
    ///   - patterns: what to `PSUBSCRIBE` to; escape `* ? [ ] \` in literal parts.
    ///   - probeThrough: the command connection that publishes the probes to
    ///     `celeriac.probe.<random>`; `nil` relies on `PING` over the subscription alone.
    ///   - decode: turns one message into items; must not block.
    ///   - onEvent: called on the loop, in order, one event a turn.
    package init(
        _ configuration: RedisConfiguration, patterns: [[UInt8]],
        probeThrough: (any BrokerCommands)?,
        decode: @escaping Decoder,
        onEvent: @escaping @LoopActor (consuming SubscriptionEvent<Item>) -> Void
    ) {
        let secret = UInt64.random(in: .min ... .max)
        settings = IngestSettings(
            configuration: configuration, patterns: patterns,
            probeChannel: Array("celeriac.probe.\(String(secret, radix: 16))".utf8),
            isProbed: probeThrough != nil, decode: decode)
        self.probeThrough = probeThrough
        self.onEvent = onEvent
        inbox = SubscriptionInbox(limits: configuration.limits)
    }

    /// Makes the thread, which connects and subscribes for ever.
    package func start() {
        guard waker == nil, !isStopped else { return }
        guard let waker = Waker() else { return startLater() }
        let (settings, inbox, board) = (settings, inbox, board)
        let isStarted = OwnThread.start {
            let ingest = Ingest(
                settings, inbox: inbox, board: board, waker: waker,
                wakeLoop: { Task { @LoopActor in self.deliver() } },
                askForProbe: { number in Task { @LoopActor in await self.publishProbe(number) } })
            ingest.run()
        }
        guard isStarted else { return startLater() }
        self.waker = waker
    }

    /// Ends the thread soon; no event follows.
    package func stop() {
        isStopped = true
        retry?.cancel()
        retry = nil
        waker?.wake()
    }

    /// The process has no thread or descriptor left; it may have later.
    private func startLater() {
        onEvent(
            .lost(
                since: SteadyClock.shared.now,
                reason: "no thread or descriptor for the subscription"))
        retry = LoopTimer(after: .seconds(1)) { self.start() }
    }

    /// Passes on one entry; other work of the loop gets its turn in between.
    private func deliver() {
        guard !isStopped, let (event, isMore) = inbox.take() else { return }
        if isMore { Task { @LoopActor in self.deliver() } }
        onEvent(event)
    }

    private func publishProbe(_ number: Int) async {
        guard !isStopped, let probeThrough, probeThrough.isConnected else { return }
        board.add(.published(number, at: Clocks.monotonic))
        let command = [
            Array("PUBLISH".utf8), settings.probeChannel, Array(String(number).utf8),
        ]
        // A refused or lost PUBLISH proves nothing about the subscription, so it is not noted.
        guard (try? await probeThrough.send(command)) != nil else { return }
        board.add(.accepted(number))
    }
}
