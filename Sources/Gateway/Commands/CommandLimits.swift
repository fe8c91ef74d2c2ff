/// Bounds of commands (R10, R39, R43).
enum CommandLimits {
    /// Workers or task ids in one command.
    static let targets = 1_000
    /// Tasks within one command: steps of a chain, members of a group, callbacks.
    static let signatures = 500
    /// UTF-8 bytes of a task, queue or worker name, or of a task id.
    static let nameBytes = 255
    /// UTF-8 bytes of an idempotency key.
    static let keyBytes = 64
    /// Seconds between a command and its `unknown`.
    static let deadline: ClosedRange<Double> = 0.5...300
    /// Seconds, if the client names none.
    static let defaultDeadline: Double = 10
    /// Sentences of evidence kept for one command; later ones are counted in the last.
    static let evidence = 50
    /// Characters of one sentence of evidence.
    static let evidenceLength = 300
    /// Ended commands kept as rows.
    static let endedRows = 1_000
    /// Seconds an ended command stays a row.
    static let endedSeconds: Double = 3_600
    /// Commands that may be open at a time.
    static let open = 1_000
    /// Commands per second of one principal, and how many may come at once.
    static let rate: Double = 5
    static let burst: Double = 10
    /// Seconds after its deadline during which late proof still counts.
    static let lateSeconds: Double = 300
    /// Milliseconds between two looks for a broker that a recorded command waits for.
    static let untoldMilliseconds = 250
    /// Seconds between two looks whether a worker is gone.
    static let absenceSeconds: Double = 2
    /// Seconds after the last answer in which tasks with a stamp are told to have ended.
    static let stampSeconds: Double = 5
    /// Bytes (as JSON) of one worker's answer that is kept, and of all answers to one command.
    static let answerBytes = 65_536
    static let answersBytes = 1_048_576
    /// Bytes of what is kept to follow a command for workers on after a restart.
    static let remainsBytes = 1 << 20
    /// Commands whose answers are kept.
    static let answeredCommands = 64
    /// Purges per minute of one principal, and as many commands with `terminate`.
    static let dangerousPerMinute: Double = 6
}
