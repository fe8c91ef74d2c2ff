internal import Glibc
internal import Synchronization

/// Ends the waiting of another thread for good: one end of a socket pair that becomes readable.
final class Waker: Sendable {
    /// Wait for this to become readable; never read it.
    let descriptor: Int32
    private let otherEnd: Int32
    private let flag = Atomic<Bool>(false)

    /// Makes a waker, or `nil` when the process has no descriptor left.
    init?() {
        var ends: [Int32] = [-1, -1]
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        guard unsafe socketpair(AF_UNIX, Int32(kind), 0, &ends) == 0 else { return nil }
        descriptor = ends[0]
        otherEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(otherEnd)
    }

    /// Whether it was woken.
    var isAwake: Bool { flag.load(ordering: .acquiring) }

    /// Wakes whoever waits now or later; waking again changes nothing.
    func wake() {
        flag.store(true, ordering: .releasing)
        // An end of file is readable for ever.
        shutdown(otherEnd, Int32(SHUT_WR))
    }
}
