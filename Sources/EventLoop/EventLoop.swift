internal import CUV
internal import Glibc
internal import Synchronization

/// The libuv loop of this process, and the executor of ``LoopActor``.
///
/// There is one, because libwebsockets allows one service thread (docs/decisions) and because all
/// live state belongs to one thread. Jobs may be enqueued from any thread; they run in order.
@safe package final class EventLoop: SerialExecutor {
    /// The process's loop. Its thread is whichever calls ``run()`` or is made by ``startThread()``.
    package static let shared = EventLoop()

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isAwake = false
        var isStarted = false
    }

    private let inbox = Mutex(Inbox())
    /// The pthread that runs the loop; 0 before the start.
    private let thread = Atomic<UInt>(0)
    // SAFETY: both are allocated once for the life of the process and never freed. libuv allows
    // only `uv_async_send` from other threads, and that is all that other threads do here.
    private nonisolated(unsafe) let loop: UnsafeMutablePointer<uv_loop_t>
    private nonisolated(unsafe) let wakeUp: UnsafeMutablePointer<uv_async_t>

    private init() {
        unsafe loop = .allocate(capacity: 1)
        unsafe wakeUp = .allocate(capacity: 1)
        let made = unsafe uv_loop_init(loop)
        precondition(made == 0, "uv_loop_init failed")
        let armed = unsafe uv_async_init(loop, wakeUp) { _ in EventLoop.shared.runJobs() }
        precondition(armed == 0, "uv_async_init failed")
    }

    /// The C loop, for the edges that attach C libraries to it. Use it on the loop's thread only.
    package var uvLoop: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(loop) }

    /// Milliseconds of the loop's monotonic clock, as of the start of this turn.
    package var milliseconds: UInt64 { unsafe uv_now(loop) }

    /// Runs the loop on the calling thread until ``stop()``; at most one thread ever may.
    package func run() {
        let isFirst = inbox.withLock { box in
            defer { box.isStarted = true }
            return !box.isStarted
        }
        precondition(isFirst, "the loop already runs on another thread")
        runLoop()
    }

    /// Makes a thread that runs the loop for the rest of the process, unless one runs it already.
    package func startThread() {
        let isFirst = inbox.withLock { box in
            defer { box.isStarted = true }
            return !box.isStarted
        }
        guard isFirst else { return }
        var handle = pthread_t()
        let result = unsafe pthread_create(
            &handle, nil,
            { _ in
                EventLoop.shared.runLoop()
                return nil
            }, nil)
        precondition(result == 0, "pthread_create failed")
    }

    /// Makes ``run()`` return after the current turn.
    @LoopActor
    package func stop() {
        unsafe uv_stop(loop)
    }

    private func runLoop() {
        thread.store(UInt(pthread_self()), ordering: .releasing)
        _ = unsafe uv_run(loop, UV_RUN_DEFAULT)
    }

    // MARK: - SerialExecutor

    /// Runs a job in a coming turn; callable from any thread.
    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let mustWake = inbox.withLock { box in
            box.jobs.append(unowned)
            defer { box.isAwake = true }
            return !box.isAwake
        }
        guard mustWake else { return }
        unsafe uv_async_send(wakeUp)
    }

    /// This executor, as the runtime wants it.
    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(complexEquality: self)
    }

    /// Whether both are the one loop.
    package func isSameExclusiveExecutionContext(other: EventLoop) -> Bool {
        self === other
    }

    /// Whether the calling thread is the loop's; the runtime asks before it traps.
    package func isIsolatingCurrentContext() -> Bool? {
        isOnLoop
    }

    /// Traps unless the calling thread is the loop's.
    package func checkIsolated() {
        precondition(isOnLoop, "this must run on the loop's thread")
    }

    /// Whether the calling thread is the loop's.
    package var isOnLoop: Bool {
        thread.load(ordering: .acquiring) == UInt(pthread_self())
    }

    private func runJobs() {
        let batch = inbox.withLock { box in
            defer {
                box.jobs = []
                box.isAwake = false
            }
            return box.jobs
        }
        for job in batch {
            unsafe job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }
}
