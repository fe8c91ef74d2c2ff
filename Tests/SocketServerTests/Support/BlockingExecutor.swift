import Dispatch

/// Runs the tests' blocking clients on threads of their own: on the shared pool, which has as many
/// threads as the machine has cores, a few waiting clients would keep all others from running.
final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()

    private let queue = DispatchQueue(label: "blocking tests", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
