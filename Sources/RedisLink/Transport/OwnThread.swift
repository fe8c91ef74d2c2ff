internal import Glibc

/// Starts plain threads, for work that waits on sockets and must not hold up anything else.
enum OwnThread {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` once on a new thread.
    ///
    /// - Returns: whether the system gave a thread.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var handle = pthread_t()
        let box = unsafe Unmanaged.passRetained(Box(body))
        let result = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            unsafe box.release()
            return false
        }
        pthread_detach(handle)
        return true
    }
}
