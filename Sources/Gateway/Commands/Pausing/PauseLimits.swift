/// Bounds of keeping queues paused.
enum PauseLimits {
    /// Seconds for which a worker that has appeared is told, until it answers: its mailbox may open a
    /// second after `worker-online` (wire.md 7.5).
    static let patience: Double = 5
    /// Milliseconds until who has not answered is told again: about as much time to take messages in.
    static let roundMilliseconds = 50
    /// Milliseconds for which an answer counts.
    static let answerMilliseconds = 1_000
    /// Workers named in one message.
    static let workersAtOnce = 100
    /// Queues that a worker which has appeared is told of before it has said what it consumes: each is a
    /// message every round.
    static let blindQueues = 8
    /// Seconds for which a worker is told that was found to consume a paused queue, and milliseconds
    /// between.
    static let driftPatience: Double = 1.5
    static let driftRoundMilliseconds = 500
    /// Seconds for which a paused queue may be consumed before its workers are told again: the command
    /// itself has told them just now.
    static let driftGrace: Double = 2
    /// Seconds between two tellings of one worker, and of one that is busy with the solo pool.
    static let retellSeconds: Double = 10
    static let retellBusySeconds: Double = 60
    /// Seconds after a resumption during which workers that come back are told.
    static let resumeSeconds: Double = 3_600
    /// Seconds until the end of a pause is tried again that could not be carried out.
    static let endRetrySeconds: Double = 10
}
