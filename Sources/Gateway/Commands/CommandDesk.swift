internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

/// Takes commands, records them, performs them and follows them to their end. Each is a row of topic
/// `commands`.
@LoopActor
final class CommandDesk {
    /// A request to do something.
    struct Request: Sendable {
        var command: String
        var args: JsonValue
        var expect: JsonValue
        var key: String
        var deadline: Double?
        var principal: Principal
        var remote: String
    }

    /// Step 1 of the answer (R38).
    struct Receipt: Equatable {
        /// Handle of the row; 0 if the row is no longer kept.
        var handle: Int
        /// Id of the row.
        var id: String
        /// Where the command stands.
        var stage: CommandStage
        /// Whether the same request had come before.
        var isDuplicate: Bool
        /// What was answered then, if the gateway was not stopped before it answered.
        var firstStage: CommandStage?
    }

    final class Open {
        var tracker: CommandTracker
        var record: CommandRecord
        var timer: LoopTimer?
        /// Results that no event has preceded, and what takes them into account.
        var lateResults: [CommandTracker.Fact] = []
        var resultTimer: LoopTimer?
        /// Listeners that the broker has handed it to, and those that have answered.
        var listeners: Int?
        var answerers: Set<String> = []
        /// Figures of workers before the command, if its proof is a difference.
        var statsBefore: [String: WorkerStats] = [:]
        /// What a later run needs besides what the tracker knows; `nil` if nothing of it can be resumed.
        var remains: CommandRemains?
        /// Workers that have answered and whose effect is looked for.
        var agreed: Set<String> = []
        /// Whether it is being looked for.
        var isObserving = false
        /// Whether its row is being written, and has changed since.
        var isSaving = false
        var isUnsaved = false
        /// Who waits until it is written.
        var savers: [CheckedContinuation<Void, Never>] = []
        /// What its submitter is told, for a repetition (``StoredAnswer``).
        var answer: String?
        /// The end that its last line in the audit tells.
        var auditedStage: CommandStage?

        init(_ tracker: CommandTracker, _ record: CommandRecord) {
            self.tracker = tracker
            self.record = record
        }
    }

    struct Dependencies {
        let rows: Rows
        let feed: Feed
        let broker: any BrokerCommands
        let results: any BrokerCommands
        let control: ControlDesk
        let inspector: Inspector
        let records: any CommandRecords
        let audit: AuditDesk
        let revokes: RevokeDesk
        let trash: TrashDesk
        let pauses: PauseDesk
        let secrets: any SecretSource
        let settings: CelerySettings
        let clock: GatewayClock
        let log: Logger
        let origin: String
        let onChange: @LoopActor () -> Void
    }

    let to: Dependencies
    var open: [String: Open] = [:]
    var ended: [(id: String, at: Double)] = []
    var tasksWatched: [String: Set<String>] = [:]
    var workersWatched: [String: Set<String>] = [:]
    /// Workers that may not hear a broadcast yet.
    var newcomers = Newcomers()
    var rates = CommandRates()
    var beginning = 0
    /// How often commands came to each end since the start.
    var outcomes: [CommandStage: Int] = [:]
    /// Commands of the last run of the gateway that had no end.
    var lost: [CommandRecord] = []
    /// The states in which the last run left its commands: what differs later is news for the audit.
    var left: [String: CommandStage] = [:]
    /// Confirmed revokes of the last run whose tasks must be looked at.
    var watched: [String] = []
    /// What workers answered to questions, of the last commands.
    var answers = CommandAnswers()
    /// Plans that can be used.
    var plans = TaskPlans()
    /// How many are being made.
    var plansMaking = 0
    /// Principals whose command for many is about to begin.
    var bulkBeginning: Set<String> = []
    /// Ids of the last commands for many tasks, the oldest first, and those commands.
    var bulkOrder: [String] = []
    var bulks: [String: Open] = [:]
    /// What commands that look first are carried out on -> the last of them, until it is sent.
    var sequences: [String: (command: String, work: Task<Void, Never>)] = [:]

    init(_ dependencies: Dependencies) {
        to = dependencies
    }

    /// Whether some command waits for news of a task or worker.
    var isWatching: Bool { !tasksWatched.isEmpty || !workersWatched.isEmpty }
}
