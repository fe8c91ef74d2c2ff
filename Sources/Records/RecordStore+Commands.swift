internal import Foundation
internal import GRDB
package import Ports

extension RecordStore: CommandRecords {
    package func begin(
        _ command: CommandRecord, claim: IdempotencyClaim, audit: AuditEntry, desired: DesiredState
    ) async throws(RecordsError) -> CommandBeginning {
        let key = try Bounded.name(
            claim.key, "an idempotency key", limit: Limits.keyBytes)
        let principal = try Bounded.name(claim.principal, "a principal's id")
        let answer = try Self.bounded(answer: claim.answer)
        return try await write("recording a command") { db in
            let request = Data(try self.secrets.sha256(claim.request))
            try Self.forgetOldClaim(principal: principal, key: key, now: command.at, in: db)
            if let known = try Self.claim(principal: principal, key: key, in: db) {
                guard known.request == request else { return .conflict }
                return .duplicate(known.command, answer: known.answer)
            }
            try Self.refuseIfFull(in: db)
            try Self.insert(command, in: db)
            try db.execute(
                sql: """
                    INSERT INTO idempotency (principal, key, request, command, created, answer)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [principal, key, request, command.id, command.at, answer])
            try Self.insert(desired, now: command.at, in: db)
            try self.append(audit, in: db)
            return .new
        }
    }

    package func known(
        _ claim: IdempotencyClaim, now: Double
    ) async throws(RecordsError) -> CommandBeginning {
        let key = try Bounded.name(claim.key, "an idempotency key", limit: Limits.keyBytes)
        let principal = try Bounded.name(claim.principal, "a principal's id")
        return try await read("looking for a command") { db in
            let request = Data(try self.secrets.sha256(claim.request))
            let created = try Double.fetchOne(
                db, sql: "SELECT created FROM idempotency WHERE principal = ? AND key = ?",
                arguments: [principal, key])
            guard let created, created > now - Limits.idempotencySeconds,
                let known = try Self.claim(principal: principal, key: key, in: db)
            else { return .new }
            guard known.request == request else { return .conflict }
            return .duplicate(known.command, answer: known.answer)
        }
    }

    package func update(
        _ command: CommandRecord, answer: String?, audit: AuditEntry?
    ) async throws(RecordsError) {
        let answer = try Self.bounded(answer: answer)
        try await write("recording what became of a command") { db in
            try Self.update(command, in: db)
            if let answer {
                try db.execute(
                    sql: "UPDATE idempotency SET answer = ? WHERE command = ?",
                    arguments: [answer, command.id])
            }
            if let audit { try self.append(audit, in: db) }
        }
    }

    package func leave(
        _ desired: DesiredState, by command: CommandRecord
    ) async throws(RecordsError) {
        try await write("recording what a command leaves behind") { db in
            try Self.update(command, in: db)
            try Self.insert(desired, now: command.at, in: db)
        }
    }

    package func key(of command: String) async throws(RecordsError) -> String? {
        try await read("looking for a command's key") { db in
            try String.fetchOne(
                db, sql: "SELECT key FROM idempotency WHERE command = ?", arguments: [command])
        }
    }

    package func openCommands() async throws(RecordsError) -> [CommandRecord] {
        try await read("reading open commands") { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM commands WHERE stage IN ('accepted', 'sent') ORDER BY number
                    """
            ).map(CommandRow.record)
        }
    }

    package func recentCommands(
        since: Double, limit: Int
    ) async throws(RecordsError) -> [CommandRecord] {
        try await read("reading recent commands") { db in
            let newestFirst = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM commands WHERE endedAt IS NULL OR endedAt >= ?
                    ORDER BY number DESC LIMIT ?
                    """,
                arguments: [since, max(0, limit)])
            return try newestFirst.reversed().map(CommandRow.record)
        }
    }

    private static func bounded(answer: String?) throws(RecordsError) -> String? {
        guard let answer else { return nil }
        return try Bounded.text(answer, "a stored answer", limit: Limits.answerBytes)
    }

    private static func insert(
        _ desired: DesiredState, now: Double, in db: Database
    ) throws {
        try insert(desired.revokes, now: now, in: db)
        try insert(desired.stamps, now: now, in: db)
        if let trash = desired.trash { try insert(trash, now: now, in: db) }
        if let pause = desired.pause { try insert(pause, in: db) }
        if let resume = desired.resume { try insert(resume, in: db) }
    }

    private static func update(_ command: CommandRecord, in db: Database) throws {
        let row = try CommandRow(command)
        try db.execute(
            sql: """
                UPDATE commands SET stage = ?, sentAt = ?, endedAt = ?, deadlineAt = ?,
                    target = ?, evidence = ?, reason = ?, fix = ?, taskID = ?, silent = ?,
                    remains = ?
                WHERE id = ?
                """,
            arguments: [
                row.stage, row.sentAt, row.endedAt, row.deadlineAt, row.target, row.evidence,
                row.reason, row.fix, row.taskID, row.silent, row.remains, row.id,
            ])
        guard db.changesCount == 1 else {
            throw RecordsError(.notFound, "no command \(row.id) is recorded")
        }
    }

    private static func claim(
        principal: String, key: String, in db: Database
    ) throws -> (request: Data, command: CommandRecord, answer: String?)? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT commands.*, idempotency.request, idempotency.answer
                FROM idempotency JOIN commands ON commands.id = idempotency.command
                WHERE idempotency.principal = ? AND idempotency.key = ?
                """,
            arguments: [principal, key])
        guard let row else { return nil }
        return (row["request"], try CommandRow.record(row), row["answer"])
    }

    /// A key is free again after its time, even if pruning has not come to it yet.
    private static func forgetOldClaim(
        principal: String, key: String, now: Double, in db: Database
    ) throws {
        try db.execute(
            sql: "DELETE FROM idempotency WHERE principal = ? AND key = ? AND created <= ?",
            arguments: [principal, key, now - Limits.idempotencySeconds])
    }

    private static func refuseIfFull(in db: Database) throws {
        let span = try Int.fetchOne(
            db, sql: "SELECT coalesce(max(number) - min(number) + 1, 0) FROM idempotency")
        guard (span ?? 0) < Limits.idempotencyKeys else {
            throw RecordsError(
                .overloaded, "\(Limits.idempotencyKeys) idempotency keys of the last day are kept")
        }
    }

    private static func insert(_ command: CommandRecord, in db: Database) throws {
        let row = try CommandRow(command)
        try db.execute(
            sql: """
                INSERT INTO commands (id, command, arguments, target, principal, principalName,
                    stage, at, sentAt, endedAt, deadlineAt, evidence, reason, fix, taskID, silent,
                    remains)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                row.id, row.command, row.arguments, row.target, row.principal, row.principalName,
                row.stage, row.at, row.sentAt, row.endedAt, row.deadlineAt, row.evidence,
                row.reason, row.fix, row.taskID, row.silent, row.remains,
            ])
    }
}
