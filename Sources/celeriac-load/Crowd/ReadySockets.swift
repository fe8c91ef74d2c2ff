internal import CEpoll
internal import Foundation

/// Which of many sockets have something to read (epoll(7)): a look costs what is ready, not what there is.
@safe final class ReadySockets {
    /// Sockets that one look tells of at most; the next one tells of the others.
    private static let most = 1_024

    private let descriptor: Int32
    // SAFETY: the kernel fills them; of each, only the number that was given to it is read.
    private var events = unsafe [epoll_event](repeating: epoll_event(), count: most)

    init() throws {
        descriptor = epoll_create1(0)
        guard descriptor >= 0 else { throw LoadError("no epoll: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Watches a socket, which is told of by this number.
    func watch(_ socket: Int32, as number: Int) throws {
        try control(EPOLL_CTL_ADD, socket, number, isRead: true)
    }

    /// Tells of a watched socket, or does not for now.
    func read(_ isRead: Bool, _ socket: Int32, as number: Int) throws {
        try control(EPOLL_CTL_MOD, socket, number, isRead: isRead)
    }

    /// Watches a socket no more.
    func forget(_ socket: Int32) throws {
        try control(EPOLL_CTL_DEL, socket, 0, isRead: false)
    }

    /// Numbers of sockets with something to read, or whose connection is over.
    func wait(milliseconds: Int32) -> [Int] {
        let count = unsafe epoll_wait(descriptor, &events, Int32(Self.most), milliseconds)
        return unsafe events.prefix(max(0, Int(count))).map { unsafe Int($0.data.u64) }
    }

    private func control(_ change: Int32, _ socket: Int32, _ number: Int, isRead: Bool) throws {
        var event = unsafe epoll_event(
            events: isRead ? EPOLLIN.rawValue : 0, data: epoll_data_t(u64: UInt64(number)))
        guard unsafe epoll_ctl(descriptor, change, socket, &event) == 0 else {
            throw LoadError("a socket cannot be watched: errno \(errno)")
        }
    }
}
