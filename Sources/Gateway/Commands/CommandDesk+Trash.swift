internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Looks up what is to be restored, while nothing is recorded yet.
    func locate(_ restore: RestoreSpec) throws(CommandFault) -> RestoreSpec {
        guard let trash = to.trash[restore.trash] else {
            throw CommandFault(
                .precondition,
                "there is no trash \(restore.trash): it is restored, has expired, or never was; "
                    + "topic trash and GET /api/celery/trash have those that can be restored")
        }
        var restore = restore
        restore.queue = trash.queue
        return restore
    }

    // MARK: - Purge

    /// Moves a queue's lists to the trash.
    func perform(_ purge: PurgeSpec, for command: Open) async {
        let id = command.record.id
        let steps = to.settings.naming.steps
        let lists = steps.map { to.settings.queueKey(purge.queue, step: $0) }
        let keys =
            [to.settings.markKey(id)] + lists + TrashKeys(id, settings: to.settings).lists
        let arguments = [
            "\(purge.messagesMax ?? -1)", "\(Int((purge.keep * 1000).rounded(.up)))",
            "\(TrashLimits.markSeconds)",
        ]
        do throws(BrokerError) {
            let reply = try await sendUntilAnswered(
                script(TrashScripts.purge, keys, arguments), for: command)
            if case .integer(let total) = reply {
                await to.trash.neverPurged(id)
                learn(
                    .declined(
                        "the queue holds \(total) messages, more than the "
                            + "\(purge.messagesMax ?? 0) that were expected; nothing was removed"),
                    for: command)
                return
            }
            guard case .bulk(let bytes) = reply, case .purged(let counts)? = TrashMark(bytes)
            else { throw BrokerError(.refused, "the broker gave no count") }
            await to.trash.purged(id, counts)
            learnPurged(purge, counts, for: command)
        } catch {
            if case .notSent = error.fact {
                await to.trash.neverPurged(id)
            } else {
                to.trash.isUncertain(id)
            }
            learn(error.fact, for: command)
        }
    }

    /// The broker has told what a purge has removed.
    func learnPurged(_ purge: PurgeSpec, _ counts: [Int], for command: Open) {
        let removed =
            "broker: \(TrashWords.messages(counts, "removed", steps: to.settings.naming.steps))"
        learn(.taken(removed, receivers: nil), for: command)
        if purge.keep == 0 {
            learn(.noted("they cannot be put back: keep was 0"), for: command)
        } else if counts.contains(where: { $0 > 0 }) {
            let until = command.record.at + purge.keep
            learn(.noted(TrashWords.kept(command.record.id, until: until)), for: command)
        }
        for text in TrashWords.untouched(to.feed.fleet.queue(purge.queue)) {
            learn(.noted(text), for: command)
        }
        learn(.done(removed), for: command)
    }

    /// It has turned out what a purge has removed of which nothing was known; `nil` if it was never done.
    func foundOut(_ id: String, _ counts: [Int]?) {
        guard let command = open[id], case .purge(let purge) = command.tracker.spec.action else {
            return
        }
        if let counts {
            learnPurged(purge, counts, for: command)
        } else {
            learn(.notSent("the broker never got it; nothing was removed"), for: command)
        }
    }

    // MARK: - Restore

    /// How far a restore is.
    private struct Restoring {
        /// The priority steps.
        let steps: [Int]
        /// Messages of each step that are put back.
        var moved: [Int] = []
        /// Those that are left, by the last script.
        var left: [Int] = []
        /// Scripts that ran.
        var parts = 0
        /// Times that its tasks were looked for in vain, because others restore as well.
        var searches = 0
        /// Tasks that have no message in the trash.
        var missing: [String] = []

        var total: Int { moved.reduce(0, +) }
    }

    /// Puts messages of the trash back, one script after the other until all that is asked for is there.
    func perform(_ restore: RestoreSpec, queue: String, for command: Open) async {
        var run = Restoring(steps: to.settings.naming.steps)
        do throws(BrokerError) {
            while let script = try await script(restore, queue, &run, for: command) {
                let reply = try await sendUntilAnswered(script, for: command)
                guard case .bulk(let bytes) = reply, let mark = TrashMark(bytes) else {
                    throw BrokerError(.refused, "the broker gave no count")
                }
                if try await isDone(after: mark, of: restore, &run) {
                    learnRestored(restore, queue, run, for: command)
                    return
                }
                await pause(.milliseconds(TrashLimits.pauseMilliseconds))
            }
            learn(.declined("the trash has no message of these tasks"), for: command)
        } catch {
            guard run.parts > 0 else {
                learn(error.fact, for: command)
                return
            }
            learn(
                .noted(
                    "broker: \(TrashWords.messages(run.moved, "put back", steps: run.steps)), then no more"
                ),
                for: command)
            learn(.lostInTransit(error.message), for: command)
        }
    }

    /// Takes the answer of one script into account; whether nothing more is to be done.
    private func isDone(
        after mark: TrashMark, of restore: RestoreSpec, _ run: inout Restoring
    ) async throws(BrokerError) -> Bool {
        switch mark {
        case .restored(let counts, let left, let isDone):
            run.moved = run.moved.isEmpty ? counts : zip(run.moved, counts).map(+)
            run.left = left
            run.parts += 1
            await to.trash.restored(restore.trash, left: left)
            return isDone
        case .gone:
            await to.trash.restored(restore.trash, left: [])
            run.left = []
            guard run.parts == 0 else { return true }
            throw BrokerError(.refused, "the trash is empty: it was restored or deleted")
        case .moved where run.searches < TrashLimits.searches:
            run.searches += 1
            return false
        case .moved, .purged, .forbidden:
            throw BrokerError(.refused, "others restore from this trash; try again")
        }
    }

    private func learnRestored(
        _ restore: RestoreSpec, _ queue: String, _ run: Restoring, for command: Open
    ) {
        let text =
            "broker: \(TrashWords.messages(run.moved, "put back", steps: run.steps)) into queue \(queue)"
        learn(.taken(text, receivers: nil), for: command)
        let rest = run.left.reduce(0, +)
        learn(
            .noted(
                rest == 0
                    ? "nothing is left in trash \(restore.trash)"
                    : "\(rest) \(rest == 1 ? "is" : "are") left in trash \(restore.trash)"),
            for: command)
        guard case .tasks(let ids) = restore.part, !run.missing.isEmpty else {
            learn(.done(text), for: command)
            return
        }
        let some = run.missing.prefix(5).joined(separator: ", ")
        let more = run.missing.count > 5 ? " and \(run.missing.count - 5) more" : ""
        learn(
            .doneInPart(
                "not in the trash: \(some)\(more)",
                reason: "\(ids.count - run.missing.count) of \(ids.count) tasks were in the trash"),
            for: command)
    }

    /// The next script of a restore; `nil` if there is no message of its tasks.
    private func script(
        _ restore: RestoreSpec, _ queue: String, _ run: inout Restoring, for command: Open
    ) async throws(BrokerError) -> [[UInt8]]? {
        let keys =
            [to.settings.markKey(command.record.id, part: run.parts)]
            + TrashKeys(restore.trash, settings: to.settings).restoring(to: queue)
        let life = "\(TrashLimits.markSeconds)"
        switch restore.part {
        case .all: return script(TrashScripts.restoreAll, keys, [life])
        case .first(let count):
            return script(TrashScripts.restoreFirst, keys, [life, "\(count - run.total)"])
        case .tasks(let ids):
            let search = TrashSearch(broker: to.broker, settings: to.settings)
            let found: [TrashSearch.Found]
            do throws(BrokerError) {
                found = try await search.messages(of: ids, in: restore.trash)
            } catch {
                // Nothing was changed, whether or not the question arrived.
                throw BrokerError(error.code == .refused ? .refused : .notConnected, error.message)
            }
            run.missing = Set(ids).subtracting(found.map(\.id)).sorted()
            guard !found.isEmpty else { return nil }
            return script(
                TrashScripts.restoreFound, keys, [life] + found.flatMap(\.arguments))
        }
    }

    private func script(
        _ text: String, _ keys: [[UInt8]], _ arguments: [String]
    ) -> [[UInt8]] {
        [Array("EVAL".utf8), Array(text.utf8), Array("\(keys.count)".utf8)] + keys
            + arguments.map { Array($0.utf8) }
    }
}
