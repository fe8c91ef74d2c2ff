/// What proves that a command was done.
enum CommandProof: Sendable, Equatable {
    /// The broker's own answer: it has done it all.
    case broker
    /// A worker has reported the task.
    case taskSeen
    /// Each task is reported, or recorded, as revoked.
    case tasksRevoked
    /// The answer of each worker: there is nothing else to see.
    case answer
    /// What is seen of each worker after its answer.
    case observed(Sign)

    /// What can be seen of a worker from the outside.
    enum Sign: Sendable, Equatable {
        /// Pool processes that were not there before.
        case newProcesses
        /// More or fewer pool slots.
        case poolSize
        /// The bounds of the autoscaler.
        case autoscaler
        /// Rate or time limits of a task.
        case taskLimits
        /// Whether it consumes a queue.
        case consumedQueues
        /// `worker-offline`.
        case goodbye
    }

    /// Whether each worker has to prove its own part.
    var isByWorker: Bool {
        switch self {
        case .answer, .observed: true
        case .broker, .taskSeen, .tasksRevoked: false
        }
    }

    /// What is missing if the deadline passes.
    var waitedFor: String {
        switch self {
        case .broker: "Redis has not answered"
        case .taskSeen: "no worker has reported the task"
        case .tasksRevoked: "no proof that the task was revoked"
        case .answer: "no answer"
        case .observed(.newProcesses): "no proof that the pool was restarted"
        case .observed(.poolSize): "no proof that the pool has another size"
        case .observed(.autoscaler): "no proof that the autoscaler has other bounds"
        case .observed(.taskLimits): "no proof that the limits have changed"
        case .observed(.consumedQueues): "no proof that its queues have changed"
        case .observed(.goodbye): "the worker has not said goodbye"
        }
    }
}
