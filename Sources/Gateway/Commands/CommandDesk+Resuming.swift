internal import EventLoop
internal import Logging
internal import Ports
internal import WireFormats

/// Commands of an earlier run of the gateway whose effect is out: what is seen of their tasks still proves
/// them, for a while.
extension CommandDesk {
    /// What can be known of such a command.
    private struct Remains {
        /// What it did, with the tasks that are still known.
        var action: CommandAction
        /// How many tasks it was about.
        var count: Int
    }

    /// Goes on following a command that was sent before the restart.
    func resume(_ record: CommandRecord) async {
        guard let remains = await remains(of: record), !remains.action.taskIDs.isEmpty,
            open[record.id] == nil, open.count < CommandLimits.open,
            let spec = try? CommandSpec(resuming: record.command, remains.action)
        else { return }
        ended.removeAll { $0.id == record.id }
        let command = Open(
            CommandTracker(
                resuming: spec, evidence: record.evidence, reason: record.reason,
                count: remains.count), record)
        open[record.id] = command
        for id in remains.action.taskIDs { tasksWatched[id, default: []].insert(record.id) }
        if spec.action.isBulk { keepBulk(command) }
        closeLater(command)
        show(command)
        if case .revoke = remains.action {
            await tellAgain(command)
            await followRevoke(command)
        } else {
            await readMissedResults(of: command)
        }
    }

    /// Workers may have started while nobody was there to tell them: they hear of it before they are
    /// asked what they have.
    private func tellAgain(_ command: Open) async {
        let revokes = to.revokes.revokes(of: command.record.id)
        do throws(BrokerError) {
            for method in RevokeMessages.make(for: revokes, origin: to.origin) {
                try await to.control.tell(method)
            }
        } catch {
            // They are told when the broker is back (`RevokeDesk.refresh`).
            learn(.noted("workers could not be told again: \(error.message)"), for: command)
        }
    }

    /// Events may have come and gone before the subscription: the backend is asked as well.
    private func readMissedResults(of command: Open) async {
        for _ in 0..<3 where open[command.record.id] === command {
            for ids in command.tracker.open.sorted().chunks(of: BulkLimits.resultsAtOnce) {
                if let found = await to.inspector.readResults(ids) { noticed(found) }
            }
            await pause(.seconds(2))
        }
    }

    private func remains(of record: CommandRecord) async -> Remains? {
        switch (try? CommandCatalog.command(record.command))?.proof {
        case .tasksRevoked: return revoke(of: record)
        case .taskSeen:
            guard let id = record.taskID else { return await runs(of: record) }
            return Remains(action: .run(RunSpec(task: record.command, id: id)), count: 1)
        case .broker, .answer, .observed, nil: return nil
        }
    }

    /// The tasks of a revoke that are not known to have ended.
    private func revoke(of record: CommandRecord) -> Remains? {
        let (spec, count) = revokeSpec(of: record)
        return Remains(action: .revoke(spec), count: count)
    }

    /// A revoke that the last run has confirmed, as far as its tasks are known.
    func revoked(by record: CommandRecord) -> (spec: CommandSpec, count: Int)? {
        let (revoke, count) = revokeSpec(of: record)
        guard !revoke.ids.isEmpty,
            let spec = try? CommandSpec(resuming: record.command, .revoke(revoke))
        else { return nil }
        return (spec, count)
    }

    /// Whether a command was for the tasks of a plan.
    func isPlanned(_ record: CommandRecord) -> Bool {
        arguments(of: record)?["plan"] != nil
    }

    private func arguments(of record: CommandRecord) -> JsonValue? {
        try? JsonReader.parse(record.arguments, limits: .client)
    }

    private func revokeSpec(of record: CommandRecord) -> (RevokeSpec, count: Int) {
        let rows = to.revokes.revokes(of: record.id)
        let ids = rows.isEmpty ? [record.taskID].compactMap { $0 } : rows.map(\.taskID).sorted()
        // Too long to be recorded they say nothing, and so do the rows if there are none.
        let arguments = arguments(of: record)
        let spec = RevokeSpec(
            ids: ids, terminate: rows.first?.terminate ?? arguments?["terminate"]?.bool ?? false,
            signal: rows.first?.signal ?? arguments?["signal"]?.string ?? "SIGTERM",
            isPlanned: arguments?["plan"] != nil)
        return (spec, max(Self.count(in: record.target), ids.count))
    }

    /// The tasks of a group or of many retries: their ids follow from the key.
    private func runs(of record: CommandRecord) async -> Remains? {
        let count = Self.count(in: record.target)
        let key: String?
        do throws(RecordsError) {
            key = try await to.records.key(of: record.id)
        } catch {
            to.log.error("a key cannot be read", metadata: ["error": "\(error.message)"])
            return nil
        }
        guard let key, 1...BulkLimits.tasks ~= count else { return nil }
        let newID = taskIDs(principal: record.principal, key: key)
        var ids: [String] = []
        for number in 1...count {
            guard let id = try? newID(number) else { return nil }
            ids.append(id)
        }
        let runs = ids.map { RunSpec(task: record.command, id: $0) }
        let isMany = record.command == CommandCatalog.retry.name
        return Remains(
            action: isMany
                ? .rerun(
                    RerunSpec(items: runs.map { .init(id: $0.id, run: $0) }, refused: [:]))
                : .group(GroupSpec(id: "", runs: runs, body: nil)), count: count)
    }

    /// The number that a target begins with, such as `12 tasks in a group`; 1 if it is about one.
    private static func count(in target: String) -> Int {
        target.split(separator: " ").first.flatMap { Int($0) } ?? 1
    }
}
