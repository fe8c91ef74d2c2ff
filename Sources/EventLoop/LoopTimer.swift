internal import CUV

/// A timer on the loop; it stops when it is cancelled or released.
@LoopActor
@safe package final class LoopTimer {
    private let handle: LoopHandle<uv_timer_t>
    private let isRepeating: Bool
    private var action: (@LoopActor () -> Void)?

    /// Starts a timer.
    ///
    /// - Parameters:
    ///   - delay: time to the first call.
    ///   - period: time between later calls; `nil` for a single call.
    ///   - action: what to run on the loop.
    package init(
        after delay: Duration, every period: Duration? = nil,
        _ action: @escaping @LoopActor () -> Void
    ) {
        unsafe handle = LoopHandle<uv_timer_t>()
        isRepeating = period != nil
        self.action = action
        let loop = unsafe EventLoop.shared.uvLoop.assumingMemoryBound(to: uv_loop_t.self)
        unsafe uv_timer_init(loop, handle.pointer)
        unsafe handle.setOwner(self)
        let first = delay.wholeMilliseconds
        let next = period.map { max(1, $0.wholeMilliseconds) } ?? 0
        // The loop's clock stands still during a turn; a long turn must not shorten the delay.
        unsafe uv_update_time(loop)
        unsafe uv_timer_start(handle.pointer, { unsafe timerFired($0) }, first, next)
    }

    /// Stops the timer; its action is never called again.
    package func cancel() {
        action = nil
        unsafe uv_timer_stop(handle.pointer)
    }

    /// Comes back after a while; the loop does other things meanwhile.
    package static func sleep(_ duration: Duration) async {
        var timer: LoopTimer?
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            timer = LoopTimer(after: duration) { done.resume() }
        }
        timer?.cancel()
    }

    fileprivate func fire() {
        let current = action
        if !isRepeating { action = nil }
        current?()
    }
}

private func timerFired(_ pointer: UnsafeMutablePointer<uv_timer_t>?) {
    guard let pointer = unsafe pointer,
        let timer = unsafe LoopHandle<uv_timer_t>.owner(LoopTimer.self, of: pointer)
    else { return }
    LoopActor.assumeIsolated { timer.fire() }
}

extension Duration {
    /// Whole milliseconds, rounded up, never negative.
    var wholeMilliseconds: UInt64 {
        let parts = components
        let milliseconds =
            parts.seconds * 1000 + (parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return UInt64(max(0, milliseconds))
    }
}
