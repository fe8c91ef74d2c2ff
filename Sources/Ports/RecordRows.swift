/// How far a command has come (protocol R40).
package enum CommandStage: String, Sendable, CaseIterable {
    /// Recorded; the effect has not been acknowledged by the broker.
    case accepted
    /// The broker acknowledged the effect; evidence is awaited.
    case sent
    /// The effect was observed.
    case confirmed
    /// The effect was observed on some of the targets.
    case partial
    /// A worker or the gateway refused.
    case rejected
    /// It was tried and failed.
    case failed
    /// The deadline passed without evidence either way.
    case unknown

    /// Whether the gateway still waits for something.
    package var isOpen: Bool { self == .accepted || self == .sent }
}

/// One command and what became of it: a row of topic `commands` (`docs/topics.md`).
package struct CommandRecord: Sendable, Equatable {
    /// Unique name of the row, at most 64 bytes.
    package var id: String
    /// Its kind, such as `queue.purge`.
    package var command: String
    /// JSON object text, already redacted.
    package var arguments: String
    /// One line for people, such as `queue mail`.
    package var target: String
    /// The ``Principal/id`` of who asked.
    package var principal: String
    /// The ``Principal/name`` of who asked.
    package var by: String
    /// How far it has come.
    package var stage: CommandStage
    /// When it was accepted, unix seconds.
    package var at: Double
    /// When the broker acknowledged it, unix seconds.
    package var sentAt: Double?
    /// When it came to its end, unix seconds.
    package var endedAt: Double?
    /// When it becomes `unknown` without evidence, unix seconds.
    package var deadlineAt: Double
    /// Who answered what and which effect was seen, a sentence each.
    package var evidence: [String]
    /// Why it was rejected, failed or is unknown.
    package var reason: String?
    /// Which setting to change.
    package var fix: String?
    /// The task it is about.
    package var taskID: String?
    /// Names of workers that did not answer.
    package var silent: [String]
    /// What a later run of the gateway needs to follow it on (JSON); `nil` if nothing.
    package var remains: String?

    /// Makes a row.
    package init(
        id: String, command: String, arguments: String, target: String, principal: String,
        by: String, stage: CommandStage = .accepted, at: Double, sentAt: Double? = nil,
        endedAt: Double? = nil, deadlineAt: Double, evidence: [String] = [],
        reason: String? = nil, fix: String? = nil, taskID: String? = nil, silent: [String] = [],
        remains: String? = nil
    ) {
        self.id = id
        self.command = command
        self.arguments = arguments
        self.target = target
        self.principal = principal
        self.by = by
        self.stage = stage
        self.at = at
        self.sentAt = sentAt
        self.endedAt = endedAt
        self.deadlineAt = deadlineAt
        self.evidence = evidence
        self.reason = reason
        self.fix = fix
        self.taskID = taskID
        self.silent = silent
        self.remains = remains
    }
}

/// The promise that a request is performed once (protocol R39); its scope is (principal, key).
package struct IdempotencyClaim: Sendable, Equatable {
    /// The ``Principal/id`` of who asks.
    package var principal: String
    /// The client's key, 1 to 128 bytes.
    package var key: String
    /// Canonical bytes of what is asked for (method and arguments); only their hash is kept.
    package var request: [UInt8]
    /// What its submitter is told as soon as it is recorded (JSON text); `nil` if more happens first.
    package var answer: String?

    /// Makes a claim.
    package init(principal: String, key: String, request: [UInt8], answer: String? = nil) {
        self.principal = principal
        self.key = key
        self.request = request
        self.answer = answer
    }
}

/// What became of an attempt to begin a command.
package enum CommandBeginning: Sendable, Equatable {
    /// It is new and now recorded: perform it.
    case new
    /// The same request came before with this key. Here is its row as recorded now, and the answer
    /// that was stored with it; `answer` is `nil` if the gateway was stopped before it answered.
    case duplicate(CommandRecord, answer: String?)
    /// The key was used for another request (error 1009).
    case conflict
}

/// A revocation that workers which appear later must hear of.
package struct OpenRevoke: Sendable, Equatable {
    /// The task.
    package var taskID: String
    /// The command that asked for it.
    package var command: String
    /// Whether a running task is to be ended.
    package var terminate: Bool
    /// Signal to end it with, such as `SIGTERM`.
    package var signal: String?
    /// When it was asked for, unix seconds.
    package var at: Double
    /// When it is forgotten, unix seconds.
    package var expiresAt: Double

    /// Makes a revocation.
    package init(
        taskID: String, command: String, terminate: Bool = false, signal: String? = nil,
        at: Double, expiresAt: Double
    ) {
        self.taskID = taskID
        self.command = command
        self.terminate = terminate
        self.signal = signal
        self.at = at
        self.expiresAt = expiresAt
    }
}

/// A revocation by stamp that workers which appear later must hear of.
package struct OpenStampRevoke: Sendable, Equatable {
    /// The command that asked for it.
    package var command: String
    /// Name of a stamp -> values: a task with one of them is revoked.
    package var stamps: [String: [String]]
    /// Whether running tasks are to be ended.
    package var terminate: Bool
    /// Signal to end them with, such as `SIGTERM`.
    package var signal: String?
    /// When it was asked for, unix seconds.
    package var at: Double
    /// When it is forgotten, unix seconds.
    package var expiresAt: Double

    /// Makes a revocation.
    package init(
        command: String, stamps: [String: [String]], terminate: Bool = false,
        signal: String? = nil, at: Double, expiresAt: Double
    ) {
        self.command = command
        self.stamps = stamps
        self.terminate = terminate
        self.signal = signal
        self.at = at
        self.expiresAt = expiresAt
    }
}

/// One line of the audit: who did what from where, and what came of it; refusals too. No secrets.
package struct AuditEntry: Sendable, Equatable {
    /// When, unix seconds.
    package var at: Double
    /// The ``Principal/name`` of who acted; empty if nobody was known.
    package var principal: String
    /// Where from, such as `127.0.0.1`; `local` for the command line.
    package var remote: String
    /// What, such as `queue.purge` or `session.open`.
    package var action: String
    /// On what, such as `queue mail`.
    package var target: String
    /// What came of it, such as `accepted`, `refused`, `confirmed`.
    package var outcome: String
    /// More about it, in one sentence.
    package var detail: String

    /// Makes a line.
    package init(
        at: Double, principal: String, remote: String, action: String, target: String = "",
        outcome: String, detail: String = ""
    ) {
        self.at = at
        self.principal = principal
        self.remote = remote
        self.action = action
        self.target = target
        self.outcome = outcome
        self.detail = detail
    }
}

/// A line of the audit as recorded.
package struct AuditLine: Sendable, Equatable {
    /// Its place: 1, 2, 3 … without gaps.
    package var sequence: Int64
    /// What it says.
    package var entry: AuditEntry
    /// SHA-256 over the hash of the line before and this line, 32 bytes.
    package var hash: [UInt8]

    /// Makes a line.
    package init(sequence: Int64, entry: AuditEntry, hash: [UInt8]) {
        self.sequence = sequence
        self.entry = entry
        self.hash = hash
    }
}

/// What checking the audit's chain of hashes found.
package enum AuditVerdict: Sendable, Equatable {
    /// All lines that are kept are as they were written.
    case intact(lines: Int)
    /// The first line that is not as it was written, or that is missing.
    case broken(at: Int64)
}
