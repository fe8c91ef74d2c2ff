import Foundation

/// Runs the tests' blocking clients on as many threads as there are jobs to run.
///
/// On the shared pool, which has as many threads as the machine has cores, a few waiting clients
/// would keep all others from running; a dispatch queue adds one thread a second to such a pool,
/// and in the meantime the server cuts off whom the tests have connected.
final class BlockingExecutor: TaskExecutor, @unchecked Sendable {
    // Reason for @unchecked: `jobs` and `idleThreads` are only used while `changed` is locked.
    static let shared = BlockingExecutor()

    private let changed = NSCondition()
    private var jobs: [UnownedJob] = []
    private var idleThreads = 0

    func enqueue(_ job: consuming ExecutorJob) {
        changed.lock()
        defer { changed.unlock() }
        jobs.append(UnownedJob(job))
        if jobs.count > idleThreads {
            Thread.detachNewThread { self.runJobs() }
        } else {
            changed.signal()
        }
    }

    private func runJobs() {
        while true { next().runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func next() -> UnownedJob {
        changed.lock()
        defer { changed.unlock() }
        idleThreads += 1
        while jobs.isEmpty { changed.wait() }
        idleThreads -= 1
        return jobs.removeFirst()
    }
}
