internal import Foundation
internal import GRDB
internal import Ports

/// A command as its table holds it: every column within its bound, lists as JSON arrays.
struct CommandRow {
    let id: String
    let command: String
    let arguments: String
    let target: String
    let principal: String
    let principalName: String
    let stage: String
    let at: Double
    let sentAt: Double?
    let endedAt: Double?
    let deadlineAt: Double
    let evidence: String
    let reason: String?
    let fix: String?
    let taskID: String?
    let silent: String
    let remains: String?

    init(_ record: CommandRecord) throws {
        id = try Bounded.name(record.id, "a command's id", limit: 64)
        command = try Bounded.name(record.command, "a command's name", limit: 64)
        arguments = try Bounded.text(
            record.arguments, "a command's arguments", limit: Limits.argumentBytes)
        target = Bounded.sentence(record.target)
        principal = try Bounded.name(record.principal, "a principal's id")
        principalName = Bounded.sentence(record.by)
        stage = record.stage.rawValue
        try Bounded.time(record.at, "a command's time")
        at = record.at
        sentAt = try Bounded.time(record.sentAt, "a command's time of sending")
        endedAt = try Bounded.time(record.endedAt, "a command's end")
        try Bounded.time(record.deadlineAt, "a command's deadline")
        deadlineAt = record.deadlineAt
        evidence = try Self.json(Bounded.list(record.evidence, limit: Limits.evidence))
        reason = record.reason.map { Bounded.sentence($0) }
        fix = record.fix.map { Bounded.sentence($0) }
        taskID = try record.taskID.map { try Bounded.name($0, "a task's id") }
        silent = try Self.json(Bounded.list(record.silent, limit: Limits.silent))
        remains = try record.remains.map {
            try Bounded.text($0, "what remains of a command", limit: Limits.remainsBytes)
        }
    }

    /// Reads a row of the table.
    static func record(_ row: Row) throws -> CommandRecord {
        guard let stage = CommandStage(rawValue: row["stage"]) else {
            throw RecordsError(.damaged, "a command is recorded in a stage that does not exist")
        }
        return CommandRecord(
            id: row["id"], command: row["command"], arguments: row["arguments"],
            target: row["target"], principal: row["principal"], by: row["principalName"],
            stage: stage, at: row["at"], sentAt: row["sentAt"], endedAt: row["endedAt"],
            deadlineAt: row["deadlineAt"], evidence: try list(row["evidence"]),
            reason: row["reason"], fix: row["fix"], taskID: row["taskID"],
            silent: try list(row["silent"]), remains: row["remains"])
    }

    private static func json(_ texts: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)
    }

    private static func list(_ json: String) throws -> [String] {
        do {
            return try JSONDecoder().decode([String].self, from: Data(json.utf8))
        } catch {
            throw RecordsError(.damaged, "a command's list of sentences is not readable")
        }
    }
}
