/// Commands and idempotency keys that survive everything. When a call returns, the change is on the
/// disk (SQLite, `synchronous=FULL`). Callable from any thread; the caller's thread never blocks.
package protocol CommandRecords: Sendable {
    /// Records a command, its idempotency key, what must hold from now on, and its audit line: all or
    /// none.
    ///
    /// - Parameters:
    ///   - command: the row; its id must be new.
    ///   - claim: the client's key and request.
    ///   - audit: written only if the command is new.
    ///   - desired: what it leaves behind; likewise only if it is new.
    func begin(
        _ command: CommandRecord, claim: IdempotencyClaim, audit: AuditEntry, desired: DesiredState
    ) async throws(RecordsError) -> CommandBeginning

    /// What would become of an attempt to begin a command now, without recording anything.
    func known(
        _ claim: IdempotencyClaim, now: Double
    ) async throws(RecordsError) -> CommandBeginning

    /// Replaces a command's row.
    ///
    /// - Parameters:
    ///   - command: the whole row as it is now; `.notFound` if there is none of that id.
    ///   - answer: what its submitter was told (JSON text), to be told again to a repetition; `nil`
    ///     leaves what is stored.
    ///   - audit: a line to append with it.
    func update(
        _ command: CommandRecord, answer: String?, audit: AuditEntry?
    ) async throws(RecordsError)

    /// Replaces a command's row and records what it leaves behind that was not known when it began: both
    /// or neither.
    ///
    /// - Parameters:
    ///   - desired: what it leaves behind.
    ///   - command: the whole row as it is now; `.notFound` if there is none of that id.
    func leave(_ desired: DesiredState, by command: CommandRecord) async throws(RecordsError)

    /// The client's key of a command; `nil` if it is not kept any more.
    func key(of command: String) async throws(RecordsError) -> String?

    /// The commands that had not come to an end, oldest first.
    func openCommands() async throws(RecordsError) -> [CommandRecord]

    /// The newest commands, oldest first.
    ///
    /// - Parameters:
    ///   - since: unix seconds; ended commands that ended before are left out.
    ///   - limit: at most this many.
    func recentCommands(since: Double, limit: Int) async throws(RecordsError) -> [CommandRecord]
}

extension CommandRecords {
    /// As ``begin(_:claim:audit:desired:)`` for a command that leaves only revocations behind.
    package func begin(
        _ command: CommandRecord, claim: IdempotencyClaim, audit: AuditEntry,
        revokes: [OpenRevoke]
    ) async throws(RecordsError) -> CommandBeginning {
        try await begin(
            command, claim: claim, audit: audit, desired: DesiredState(revokes: revokes))
    }
}

/// Whether anything can be recorded.
package protocol RecordsHealth: Sendable {
    /// Why the newest change was not written, if that was for a reason that more changes would meet, such
    /// as a full disk; `nil` once one was written.
    var trouble: RecordsError? { get }

    /// Writes a little, so that ``trouble`` is known anew.
    func probe() async
}

/// What was done by whom, append-only. When a call returns, the line is on the disk.
package protocol AuditLog: Sendable {
    /// Appends a line. If it throws, the act that it is about must not happen.
    func append(_ entry: AuditEntry) async throws(RecordsError)

    /// Lines in order.
    ///
    /// - Parameters:
    ///   - after: the place after which to start; 0 for the oldest kept.
    ///   - limit: at most this many, 1 to 1,000.
    func lines(after: Int64, limit: Int) async throws(RecordsError) -> [AuditLine]

    /// Lines newest first.
    ///
    /// - Parameters:
    ///   - before: the place before which to start; `nil` for the newest.
    ///   - limit: at most this many, 1 to 1,000.
    func newestLines(before: Int64?, limit: Int) async throws(RecordsError) -> [AuditLine]

    /// Computes the chain of hashes again over all lines kept.
    func verify() async throws(RecordsError) -> AuditVerdict
}

/// Open revocations. When a call returns, the change is on the disk.
package protocol RevokeRecords: Sendable {
    /// Those that have not expired, oldest first.
    func openRevokes(now: Double) async throws(RecordsError) -> [OpenRevoke]

    /// Forgets revocations: the tasks have come to their end.
    func closeRevokes(of taskIDs: [String]) async throws(RecordsError)

    /// Those by stamp that have not expired, oldest first.
    func openStampRevokes(now: Double) async throws(RecordsError) -> [OpenStampRevoke]
}

/// Paused queues. They come with a command (``DesiredState``); when a call returns, the change is on
/// the disk.
package protocol PauseRecords: Sendable {
    /// All of them, by name, with those that are being resumed.
    func pausedQueues() async throws(RecordsError) -> [PausedQueue]

    /// Remembers who would consume a paused queue; what is known of a worker is replaced. Nothing
    /// happens if the queue is neither paused nor being resumed.
    func remember(_ consumers: [PausedConsumer], of queue: String) async throws(RecordsError)

    /// Forgets workers that would consume a paused queue.
    func forget(consumers workers: [String], of queue: String) async throws(RecordsError)

    /// Forgets a queue that is being resumed: everybody consumes it again. Nothing happens if it has
    /// been paused anew.
    func closeResumed(queue: String) async throws(RecordsError)
}

/// Purged messages that can be restored. When a call returns, the change is on the disk.
package protocol TrashRecords: Sendable {
    /// Those that have not expired, oldest first.
    func trash(now: Double) async throws(RecordsError) -> [TrashRecord]

    /// Records what is in the trash now: `counts` and `left`; nothing happens if the row is gone.
    func update(_ trash: TrashRecord) async throws(RecordsError)

    /// Forgets rows: all was restored, or nothing was ever removed.
    func forgetTrash(of ids: [String]) async throws(RecordsError)
}

/// Forgets what is older than its retention.
package protocol RecordUpkeep: Sendable {
    /// Removes a bounded slice of outdated rows; to be called about once a minute, and again at
    /// once while the answer is positive.
    ///
    /// - Returns: how many rows were removed.
    func prune(now: Double) async throws(RecordsError) -> Int
}
