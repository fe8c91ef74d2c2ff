import Ports
import Testing
import WireFormats

@testable import Fleet
@testable import Gateway

@Suite struct TrashTests {
    static let marks: [(String, TrashMark?)] = [
        ("purged 4 0 2 1", .purged([4, 0, 2, 1])),
        ("purged", nil), ("purged x", nil), ("purged 1 -2", nil), ("purged 1  left", nil),
        (
            "restored 1 2 left 3 0 more",
            .restored([1, 2], left: [3, 0], isDone: false)
        ),
        ("restored 1 2 left 0 0 done", .restored([1, 2], left: [0, 0], isDone: true)),
        ("restored 1 2 left 3 more", nil), ("restored 1 2 left 3 0", nil),
        ("restored 1 2", nil), ("restored left done", nil),
        ("lost", .forbidden), ("gone", .gone), ("moved", .moved), ("", nil), ("lost x", nil),
        ("1", nil),
    ]

    @Test(arguments: marks)
    func `a mark says what its script did`(text: String, mark: TrashMark?) {
        #expect(TrashMark(Array(text.utf8)) == mark)
    }

    @Test func `keys of the trash obey the prefix and are no queue's`() {
        let keys = TrashKeys("c1", settings: CelerySettings(database: 0, keyPrefix: "p:"))

        #expect(
            keys.lists.map { String(decoding: $0, as: UTF8.self) } == [
                "p:celeriac.trash.c1.0", "p:celeriac.trash.c1.3", "p:celeriac.trash.c1.6",
                "p:celeriac.trash.c1.9",
            ])
        let restoring = keys.restoring(to: "mail").map { String(decoding: $0, as: UTF8.self) }
        #expect(restoring.count == 16 && Set(restoring).count == 16)
        #expect(
            Array(restoring[4..<8]) == [
                "p:mail\u{6}\u{16}3", "p:celeriac.trash.c1.3", "p:celeriac.trash.c1.3.edge",
                "p:celeriac.trash.c1.3.spare",
            ])
        #expect(QueueKeys.refusal(queue: "celeriac.trash.c1.3") != nil)
    }

    @Test func `a purge that is kept has a row until it expires, one that is not has none`() {
        let command = CommandRecord(
            id: "c1", command: "queue.purge", arguments: "{}", target: "queue mail",
            principal: "p", by: "ops", at: 1_000, deadlineAt: 1_010)

        #expect(
            PurgeSpec(queue: "mail", keep: 60).trash(of: command)
                == TrashRecord(id: "c1", queue: "mail", by: "ops", at: 1_000, expiresAt: 1_060))
        #expect(PurgeSpec(queue: "mail", keep: 0).trash(of: command) == nil)
    }

    // MARK: - Words

    private func queue(
        unacked: Int?, active: Int = 0, reserved: Int = 0, scheduled: Int = 0,
        unreachable: Int? = nil
    ) -> QueueRecord {
        QueueRecord(
            name: "mail", condition: .ok, steps: [], unreachable: unreachable, unacked: unacked,
            active: active, reserved: reserved, scheduled: scheduled, workers: [],
            stale: false, stillConsuming: [])
    }

    @Test func `what is removed is told by priority`() {
        #expect(
            TrashWords.messages([0, 0, 0, 0], "removed", steps: [0, 3, 6, 9])
                == "0 messages removed")
        #expect(
            TrashWords.messages([1, 0, 0, 0], "removed", steps: [0, 3, 6, 9])
                == "1 message removed (priority 0: 1)")
        #expect(
            TrashWords.messages([2, 3, 0, 2], "put back", steps: [0, 3, 6, 9])
                == "7 messages put back (priority 0: 2, 3: 3, 9: 2)")
    }

    @Test func `a broker's own steps are told and named`() {
        let settings = CelerySettings(
            database: 0, naming: QueueNaming(steps: [0, 5], separator: Array(":".utf8)))

        #expect(
            TrashWords.messages([1, 2], "removed", steps: settings.naming.steps)
                == "3 messages removed (priority 0: 1, 5: 2)")
        #expect(TrashKeys("c", settings: settings).lists.count == 2)
        #expect(
            TrashKeys("c", settings: settings).restoring(to: "mail")[4] == Array("mail:5".utf8))
    }

    @Test func `what is not touched is told with numbers`() {
        #expect(TrashWords.untouched(nil).count == 1)
        #expect(
            TrashWords.untouched(queue(unacked: 0))
                == ["not touched: nothing; no worker holds a message"])
        #expect(
            TrashWords.untouched(
                queue(unacked: 12, active: 3, reserved: 8, scheduled: 1, unreachable: 2)) == [
                    "not touched: 12 unacknowledged, which workers hold; 3 run, 8 are reserved, "
                        + "1 waits for its time",
                    "not touched: 2 on lists of other priorities, which no worker reads",
                ])
        #expect(
            TrashWords.untouched(queue(unacked: nil, active: 1)) == [
                "not touched: messages that workers hold, not counted; 1 runs"
            ])
    }

    // MARK: - After a restart

    private func concluded(_ command: String, _ marks: [TrashMark]) -> CommandRecord {
        var record = CommandRecord(
            id: "c1", command: command, arguments: "{}", target: "queue mail", principal: "p",
            by: "ops", stage: .unknown, at: 1_000, deadlineAt: 1_010, reason: "restart")
        CommandDesk.conclude(&record, from: marks, steps: QueueKeys.prioritySteps)
        return record
    }

    @Test func `the marks of a lost command tell what it did`() {
        let purged = concluded("queue.purge", [.purged([2, 0, 0, 1])])
        #expect(purged.stage == .confirmed && purged.reason == nil)
        #expect(purged.evidence == ["broker: 3 messages removed (priority 0: 2, 9: 1)"])

        let never = concluded("queue.purge", [.forbidden])
        #expect(never.stage == .failed && never.reason?.contains("nothing was done") == true)

        let half = concluded(
            "queue.restore", [.restored([5, 0], left: [4, 0], isDone: false), .forbidden])
        #expect(half.stage == .partial && half.reason?.contains("still in the trash") == true)
        #expect(half.evidence == ["broker: 5 messages put back (priority 0: 5)"])

        let whole = concluded(
            "queue.restore",
            [
                .restored([5, 0], left: [4, 1], isDone: false),
                .restored([4, 1], left: [0, 0], isDone: true),
            ])
        #expect(whole.stage == .confirmed && whole.reason == nil)
        #expect(whole.evidence == ["broker: 10 messages put back (priority 0: 9, 3: 1)"])
    }
}
