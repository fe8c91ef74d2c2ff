internal import EventLoop
internal import Glibc
internal import Ports

/// What an ingest thread is to do.
struct IngestSettings<Item: Sendable>: Sendable {
    let configuration: RedisConfiguration
    let patterns: [[UInt8]]
    let probeChannel: [UInt8]
    /// Whether probes are published; without, only silence is looked for.
    let isProbed: Bool
    let decode: Subscription<Item>.Decoder
}

/// The life of an ingest thread: connect, subscribe, stream, wait, for ever.
final class Ingest<Item: Sendable> {
    private let settings: IngestSettings<Item>
    private let board: ProbeBoard
    private let inbox: SubscriptionInbox<Item>
    private let waker: Waker
    private let wakeLoop: () -> Void
    private let askForProbe: (Int) -> Void
    private var machine: LinkMachine
    private var lastReason: String?
    /// Unix seconds since when nothing is heard.
    private var deafSince = SteadyClock.shared.now
    private var isSubscribed = false
    private var probeNumber = 0

    init(
        _ settings: IngestSettings<Item>, inbox: SubscriptionInbox<Item>, board: ProbeBoard,
        waker: Waker, wakeLoop: @escaping () -> Void, askForProbe: @escaping (Int) -> Void
    ) {
        self.settings = settings
        self.inbox = inbox
        self.board = board
        self.waker = waker
        self.wakeLoop = wakeLoop
        self.askForProbe = askForProbe
        machine = LinkMachine(timeouts: settings.configuration.timeouts)
    }

    /// Runs until the waker is woken.
    func run() {
        var action = machine.start()
        while !waker.isAwake {
            switch action {
            case .none: return
            case .wait(let seconds):
                pause(seconds)
                action = machine.waited()
            case .connect(let turn):
                do throws(LinkFailure) {
                    try attempt(turn)
                } catch {
                    lost(error.reason)
                }
                action = machine.failed(now: Clocks.monotonic, random: Double.random(in: 0..<1))
            }
        }
    }

    /// Connects and streams; returns only by throwing or when woken.
    private func attempt(_ turn: Int) throws(LinkFailure) {
        let configuration = settings.configuration
        let link = try Establisher(configuration: configuration, waker: waker).establish(turn: turn)
        let stream = try IngestStream(
            settings, link: link, inbox: inbox, waker: waker, wakeLoop: wakeLoop)
        try stream.subscribe()
        let now = Clocks.monotonic
        guard machine.connected(now: now) else { return }
        isSubscribed = true
        lastReason = nil
        tell(.subscribed(at: SteadyClock.shared.now))
        var watch = ProbeWatch(timeouts: configuration.timeouts, now: now)
        _ = board.takeAll()
        do throws(LinkFailure) {
            try follow(stream, &watch)
        } catch {
            // Whatever came before the end counts.
            stream.handOver()
            deafSince = SteadyClock.shared.now - (Clocks.monotonic - watch.lastSign)
            throw LinkFailure("\(link.name): \(error.reason)")
        }
    }

    private func follow(
        _ stream: IngestStream<Item>, _ watch: inout ProbeWatch
    ) throws(LinkFailure) {
        let interval = settings.configuration.timeouts.probeInterval.inSeconds
        var nextProbe = Clocks.monotonic
        while !waker.isAwake {
            let progress = try stream.step(until: nextProbe)
            let now = Clocks.monotonic
            if progress.bytes > 0 { watch.heard(at: now) }
            if progress.messages > 0 { watch.received(at: now) }
            for note in board.takeAll() {
                switch note {
                case .published(let number, let time): watch.published(number, at: time)
                case .accepted(let number): watch.accepted(number)
                }
            }
            for number in stream.takeProbes() {
                guard let time = watch.arrived(number, at: now) else { continue }
                tell(.probe(roundTrip: time))
            }
            if let verdict = watch.verdict(at: now) { throw LinkFailure(verdict) }
            if now >= nextProbe {
                nextProbe = now + interval
                try stream.ping()
                probeNumber += 1
                if settings.isProbed { askForProbe(probeNumber) }
            }
        }
    }

    private func lost(_ reason: String) {
        guard !waker.isAwake, isSubscribed || reason != lastReason else { return }
        isSubscribed = false
        lastReason = reason
        tell(.lost(since: deafSince, reason: reason))
    }

    private func tell(_ event: SubscriptionEvent<Item>) {
        if inbox.put(event) { wakeLoop() }
    }

    private func pause(_ seconds: Double) {
        let end = Clocks.monotonic + seconds
        while !waker.isAwake {
            let remaining = end - Clocks.monotonic
            guard remaining > 0 else { return }
            var watched = pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&watched, 1, Int32(min(remaining * 1000 + 1, 10_000)))
        }
    }
}
