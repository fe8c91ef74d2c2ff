internal import CUV

/// Watches one file descriptor on the loop; the descriptor stays its owner's.
///
/// ``close()`` it before the descriptor is closed: libuv remembers descriptors by number, and a
/// late close would take the next owner of the same number out of epoll.
@LoopActor
@safe package final class LoopPoll {
    /// What a descriptor can be ready for.
    package struct Readiness: OptionSet, Sendable {
        /// libuv's event bits.
        package let rawValue: Int32
        /// Makes a set from libuv's event bits.
        package init(rawValue: Int32) { self.rawValue = rawValue }
        /// Bytes, an end of file or an error can be read.
        package static let readable = Readiness(rawValue: 1)
        /// Bytes can be written.
        package static let writable = Readiness(rawValue: 2)
    }

    private let handle: LoopHandle<uv_poll_t>
    private let action: @LoopActor (Readiness) -> Void
    private var interest: Readiness = []
    private var isClosed = false

    /// Prepares to watch a descriptor; nothing is watched before ``watch(_:)``.
    ///
    /// - Parameters:
    ///   - descriptor: an open, non-blocking descriptor that epoll accepts.
    ///   - action: called on the loop with what it is ready for; an error counts as readable.
    package init(descriptor: Int32, _ action: @escaping @LoopActor (Readiness) -> Void) {
        unsafe handle = LoopHandle<uv_poll_t>()
        self.action = action
        let loop = unsafe EventLoop.shared.uvLoop.assumingMemoryBound(to: uv_loop_t.self)
        unsafe uv_poll_init(loop, handle.pointer, descriptor)
        unsafe handle.setOwner(self)
    }

    /// Watches for `interest` from now on; an empty set stops watching.
    package func watch(_ interest: Readiness) {
        guard !isClosed, interest != self.interest else { return }
        self.interest = interest
        if interest.isEmpty {
            unsafe uv_poll_stop(handle.pointer)
        } else {
            unsafe uv_poll_start(
                handle.pointer, interest.rawValue, { unsafe pollFired($0, $1, $2) })
        }
    }

    /// Stops watching for good; afterwards the descriptor may be closed.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe handle.close()
    }

    fileprivate func fire(_ ready: Readiness) {
        guard !isClosed else { return }
        action(ready)
    }
}

private func pollFired(
    _ pointer: UnsafeMutablePointer<uv_poll_t>?, _ status: Int32, _ events: Int32
) {
    guard let pointer = unsafe pointer,
        let poll = unsafe LoopHandle<uv_poll_t>.owner(LoopPoll.self, of: pointer)
    else { return }
    let ready = status < 0 ? .readable : LoopPoll.Readiness(rawValue: events & 3)
    LoopActor.assumeIsolated { poll.fire(ready) }
}
