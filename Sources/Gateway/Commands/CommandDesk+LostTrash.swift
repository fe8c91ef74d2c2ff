internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Finds out what became of purges and restores that the last run was about to perform: their marks
    /// tell, and a script without a mark is forbidden.
    func examineLostTrash() async {
        for var record in lost
        where record.command == "queue.purge" || record.command == "queue.restore" {
            do throws(BrokerError) {
                let marks = try await marks(of: record)
                Self.conclude(&record, from: marks, steps: to.settings.naming.steps)
            } catch {
                // The next connection tries again.
                return
            }
            lost.removeAll { $0.id == record.id }
            if to.rows.engine.handle(of: record.id, in: to.rows.commands) != nil {
                to.rows.engine.upsert(to.rows.commands, id: record.id, fields(record))
                to.onChange()
            }
            await save(lost: record)
        }
    }

    /// The marks of a command's scripts, up to the one that says that all is done or that never ran.
    private func marks(of record: CommandRecord) async throws(BrokerError) -> [TrashMark] {
        var marks: [TrashMark] = []
        while true {
            let mark = try await to.trash.mark(of: record.id, part: marks.count)
            marks.append(mark)
            guard case .restored(_, _, isDone: false) = mark else { return marks }
        }
    }

    /// Says in a record what the marks of its scripts prove.
    nonisolated static func conclude(
        _ record: inout CommandRecord, from marks: [TrashMark], steps: [Int]
    ) {
        var moved: [Int] = []
        for mark in marks {
            switch mark {
            case .purged(let counts):
                record.evidence.append(
                    "broker: \(TrashWords.messages(counts, "removed", steps: steps))")
                record.stage = .confirmed
                record.reason = nil
            case .restored(let counts, _, let isDone):
                moved = moved.isEmpty ? counts : zip(moved, counts).map(+)
                record.stage = isDone ? .confirmed : .partial
                record.reason =
                    isDone
                    ? nil
                    : "the gateway was stopped while it restored; the rest is still in the trash"
            case .forbidden, .gone, .moved:
                guard moved.isEmpty else { continue }
                record.stage = .failed
                record.reason =
                    "the gateway was stopped before it was sent; nothing was done, and nothing will be"
            }
        }
        if !moved.isEmpty {
            record.evidence.append(
                "broker: \(TrashWords.messages(moved, "put back", steps: steps))")
        }
    }
}
