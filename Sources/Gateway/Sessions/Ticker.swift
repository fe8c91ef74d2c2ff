internal import EventLoop
internal import LiveSync

/// Ticks when ``TickPacer`` says so.
@LoopActor
final class Ticker {
    private var pacer = TickPacer(
        shortest: SessionLimits.tickMilliseconds, share: SessionLimits.tickShare)
    private var timer: LoopTimer?
    private var isStarting = false
    /// What a tick does.
    var action: @LoopActor () -> Void = {}

    private var now: Milliseconds { Milliseconds(EventLoop.shared.milliseconds) }

    /// Something was learned, or changed.
    func changed() {
        follow(pacer.changed(now: now))
    }

    /// A client is to be told something, not before a moment.
    func waits(until due: Milliseconds) {
        follow(pacer.waits(until: due, now: now))
    }

    private func follow(_ moment: Milliseconds?) {
        guard let moment else { return }
        timer = nil
        let wait = moment - now
        guard wait <= 0 else {
            timer = LoopTimer(after: .milliseconds(wait)) { [weak self] in self?.tick() }
            return
        }
        guard !isStarting else { return }
        isStarting = true
        // After the jobs that wait now, so that what they change leaves with this.
        Task { @LoopActor [weak self] in self?.tick() }
    }

    private func tick() {
        timer = nil
        isStarting = false
        let started = ContinuousClock.now
        pacer.began(now: now)
        action()
        pacer.ended(cost: (ContinuousClock.now - started) / .milliseconds(1))
    }
}
