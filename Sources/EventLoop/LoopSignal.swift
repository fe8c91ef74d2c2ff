internal import CUV

/// Runs an action on the loop each time the process receives a signal.
@LoopActor
@safe package final class LoopSignal {
    private let handle: LoopHandle<uv_signal_t>
    private let action: @LoopActor () -> Void

    /// Starts to listen for a signal.
    ///
    /// - Parameters:
    ///   - number: the signal, such as `SIGTERM`.
    ///   - action: what to run on the loop.
    package init(_ number: Int32, _ action: @escaping @LoopActor () -> Void) {
        unsafe handle = LoopHandle<uv_signal_t>()
        self.action = action
        let loop = unsafe EventLoop.shared.uvLoop.assumingMemoryBound(to: uv_loop_t.self)
        unsafe uv_signal_init(loop, handle.pointer)
        unsafe handle.setOwner(self)
        unsafe uv_signal_start(
            handle.pointer, { pointer, _ in unsafe signalFired(pointer) }, number)
    }

    fileprivate func fire() {
        action()
    }
}

private func signalFired(_ pointer: UnsafeMutablePointer<uv_signal_t>?) {
    guard let pointer = unsafe pointer,
        let signal = unsafe LoopHandle<uv_signal_t>.owner(LoopSignal.self, of: pointer)
    else { return }
    LoopActor.assumeIsolated { signal.fire() }
}
