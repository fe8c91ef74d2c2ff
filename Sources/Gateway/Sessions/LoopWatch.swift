internal import EventLoop

/// Measures how late the loop's timers are.
@LoopActor
final class LoopWatch {
    private static let period = 100.0
    private var timer: LoopTimer?
    private var last = ContinuousClock.now
    private var worst = 0.0

    init() {
        let period = Duration.milliseconds(Int(Self.period))
        timer = LoopTimer(after: period, every: period) { [weak self] in self?.note() }
    }

    private func note() {
        let now = ContinuousClock.now
        worst = max(worst, (now - last) / .milliseconds(1) - Self.period)
        last = now
    }

    /// The worst lateness since the last call, milliseconds.
    func take() -> Double {
        note()
        defer { worst = 0 }
        return worst
    }
}
