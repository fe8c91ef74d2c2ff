internal import GRDB
package import Ports

extension RecordStore: PauseRecords {
    package func pausedQueues() async throws(RecordsError) -> [PausedQueue] {
        try await read("reading paused queues") { db in
            var consumers: [String: [PausedConsumer]] = [:]
            for row in try Row.fetchAll(
                db, sql: "SELECT * FROM pausedConsumers ORDER BY queue, worker")
            {
                consumers[row["queue"], default: []].append(
                    PausedConsumer(
                        worker: row["worker"], exchange: row["exchange"],
                        exchangeType: row["exchangeType"], routingKey: row["routingKey"]))
            }
            return try Row.fetchAll(db, sql: "SELECT * FROM pausedQueues ORDER BY queue").map {
                row in
                PausedQueue(
                    queue: row["queue"], by: row["pausedBy"], at: row["at"],
                    resumeAt: row["resumeAt"], reason: row["reason"], resumedAt: row["resumedAt"],
                    consumers: consumers[row["queue"]] ?? [])
            }
        }
    }

    package func remember(
        _ consumers: [PausedConsumer], of queue: String
    ) async throws(RecordsError) {
        try await write("recording the consumers of a paused queue") { db in
            let isKept = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT * FROM pausedQueues WHERE queue = ?)",
                arguments: [queue])
            guard isKept == true else { return }
            try Self.insert(consumers, of: queue, in: db)
        }
    }

    package func forget(
        consumers workers: [String], of queue: String
    ) async throws(RecordsError) {
        try await write("forgetting consumers of a paused queue") { db in
            let statement = try db.cachedStatement(
                sql: "DELETE FROM pausedConsumers WHERE queue = ? AND worker = ?")
            for worker in workers { try statement.execute(arguments: [queue, worker]) }
        }
    }

    package func closeResumed(queue: String) async throws(RecordsError) {
        try await write("forgetting a resumed queue") { db in
            try db.execute(
                sql: "DELETE FROM pausedQueues WHERE queue = ? AND resumedAt IS NOT NULL",
                arguments: [queue])
        }
    }

    /// Adds a pause within a command's transaction. A second one replaces the first; who would
    /// consume the queue stays known.
    static func insert(_ pause: PausedQueue, in db: Database) throws {
        let name = try Bounded.name(pause.queue, "a queue's name")
        try Bounded.time(pause.at, "the time of a pause")
        try Bounded.time(pause.resumeAt, "the end of a pause")
        try db.execute(
            sql: """
                INSERT INTO pausedQueues (queue, pausedBy, at, resumeAt, reason)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (queue) DO UPDATE SET pausedBy = excluded.pausedBy, at = excluded.at,
                    resumeAt = excluded.resumeAt, reason = excluded.reason, resumedAt = NULL
                """,
            arguments: [
                name, Bounded.sentence(pause.by), pause.at, pause.resumeAt,
                pause.reason.map { Bounded.sentence($0) },
            ])
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM pausedQueues") ?? 0
        guard count <= Limits.pausedQueues else {
            throw RecordsError(
                .overloaded, "more than \(Limits.pausedQueues) queues would be paused")
        }
        try insert(pause.consumers, of: name, in: db)
    }

    /// Notes within a command's transaction that a paused queue is to be consumed again.
    static func insert(_ resume: ResumedQueue, in db: Database) throws {
        try Bounded.time(resume.at, "the time of a resumption")
        try db.execute(
            sql: "UPDATE pausedQueues SET resumedAt = ? WHERE queue = ?",
            arguments: [resume.at, resume.queue])
    }

    private static func insert(
        _ consumers: [PausedConsumer], of queue: String, in db: Database
    ) throws {
        guard !consumers.isEmpty else { return }
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO pausedConsumers VALUES (?, ?, ?, ?, ?)")
        for consumer in consumers {
            try statement.execute(arguments: [
                queue, try Bounded.name(consumer.worker, "a worker's name"),
                try consumer.exchange.map { try Bounded.name($0, "an exchange") },
                try consumer.exchangeType.map { try Bounded.name($0, "a type of exchange") },
                try consumer.routingKey.map { try Bounded.name($0, "a routing key") },
            ])
        }
        let count = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM pausedConsumers WHERE queue = ?", arguments: [queue])
        guard (count ?? 0) <= Limits.pausedConsumers else {
            throw RecordsError(
                .overloaded,
                "more than \(Limits.pausedConsumers) consumers of a paused queue would be kept")
        }
    }
}
