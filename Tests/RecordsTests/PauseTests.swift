import Ports
import Testing

@testable import Records

@Suite struct PauseTests {
    private let mail = PausedQueue(
        queue: "mail", by: "ops", at: 1000, resumeAt: 2000, reason: "deploy",
        consumers: [
            PausedConsumer(worker: "a@h"),
            PausedConsumer(
                worker: "b@h", exchange: "letters", exchangeType: "topic", routingKey: "mail.#"),
        ])

    private func begin(
        _ store: RecordStore, _ number: Int, pause: PausedQueue? = nil, resume: ResumedQueue? = nil
    ) async throws {
        _ = try await store.begin(
            command(number), claim: claim(number), audit: line("queue.pause"),
            desired: DesiredState(pause: pause, resume: resume))
    }

    @Test func `paused queues stay paused over a restart, with who would consume them`()
        async throws
    {
        let site = TemporarySite()
        let store = try site.open()
        let other = PausedQueue(queue: "other", by: "ops", at: 1001)
        try await begin(store, 1, pause: other)
        try await begin(store, 2, pause: mail)
        try store.close()

        let reopened = try site.open()
        #expect(try await reopened.pausedQueues() == [mail, other])
    }

    @Test func `a pause that repeats a command is not recorded again`() async throws {
        let store = try TemporarySite().open()
        try await begin(store, 1, pause: mail)
        try await begin(store, 2, resume: ResumedQueue(queue: "mail", at: 1500))
        try await store.closeResumed(queue: "mail")

        try await begin(store, 1, pause: mail)

        #expect(try await store.pausedQueues().isEmpty)
    }

    @Test func `a second pause replaces the first and keeps who would consume the queue`()
        async throws
    {
        let store = try TemporarySite().open()
        try await begin(store, 1, pause: mail)

        try await begin(
            store, 2,
            pause: PausedQueue(
                queue: "mail", by: "dev", at: 1100, consumers: [PausedConsumer(worker: "c@h")]))

        #expect(
            try await store.pausedQueues() == [
                PausedQueue(
                    queue: "mail", by: "dev", at: 1100,
                    consumers: mail.consumers + [PausedConsumer(worker: "c@h")])
            ])
    }

    @Test func `consumers are remembered, replaced and forgotten`() async throws {
        let store = try TemporarySite().open()
        try await begin(store, 1, pause: mail)
        let again = PausedConsumer(worker: "a@h", exchange: "x")
        let new = PausedConsumer(worker: "c@h", routingKey: "k")

        try await store.remember([again, new], of: "mail")
        try await store.remember([new], of: "not paused")
        try await store.forget(consumers: ["b@h", "never heard of"], of: "mail")

        #expect(try await store.pausedQueues().map(\.consumers) == [[again, new]])
    }

    @Test func `a resumed queue is kept until everybody consumes it`() async throws {
        let site = TemporarySite()
        let store = try site.open()
        try await begin(store, 1, pause: mail)
        try await begin(store, 2, resume: ResumedQueue(queue: "mail", at: 1500))
        try store.close()

        let reopened = try site.open()
        var resumed = mail
        resumed.resumedAt = 1500
        #expect(try await reopened.pausedQueues() == [resumed])
        try await reopened.closeResumed(queue: "mail")
        #expect(try await reopened.pausedQueues().isEmpty)
        try await reopened.remember([PausedConsumer(worker: "late@h")], of: "mail")
        try await begin(reopened, 3, pause: PausedQueue(queue: "mail", by: "ops", at: 1600))
        #expect(try await reopened.pausedQueues().map(\.consumers) == [[]])
    }

    @Test func `a queue that was paused anew is not forgotten as resumed`() async throws {
        let store = try TemporarySite().open()
        try await begin(store, 1, pause: mail)
        try await begin(store, 2, resume: ResumedQueue(queue: "mail", at: 1500))
        try await begin(store, 3, pause: mail)

        try await store.closeResumed(queue: "mail")

        #expect(try await store.pausedQueues() == [mail])
    }

    @Test func `resuming what is not paused records no queue`() async throws {
        let store = try TemporarySite().open()

        try await begin(store, 1, resume: ResumedQueue(queue: "mail", at: 1500))

        #expect(try await store.pausedQueues().isEmpty)
    }

    @Test func `a queue's name with a NUL is refused, because it would be another queue's`()
        async throws
    {
        let store = try TemporarySite().open()

        let refusal = await #expect(throws: RecordsError.self) {
            try await begin(
                store, 1, pause: PausedQueue(queue: "mail\u{0}x", by: "ops", at: 1))
        }

        #expect(refusal?.code == .invalid)
        #expect(try await store.pausedQueues().isEmpty)
        #expect(try await store.openCommands().isEmpty)
    }

    @Test func `paused queues are refused beyond their bound`() async throws {
        let store = try TemporarySite().open()
        try await store.write("filling") { db in
            for number in 1..<Limits.pausedQueues {
                try db.execute(
                    sql: "INSERT INTO pausedQueues (queue, pausedBy, at) VALUES (?, 'ops', 1)",
                    arguments: ["q\(number)"])
            }
        }
        try await begin(store, 1, pause: PausedQueue(queue: "last", by: "o", at: 1))
        let refusal = await #expect(throws: RecordsError.self) {
            try await begin(store, 2, pause: PausedQueue(queue: "more", by: "o", at: 1))
        }

        #expect(refusal?.code == .overloaded)
        // A queue that is paused can be paused again: that needs no more room.
        try await begin(store, 3, pause: PausedQueue(queue: "last", by: "p", at: 2))
    }

    @Test func `consumers of a paused queue are refused beyond their bound`() async throws {
        let store = try TemporarySite().open()
        try await begin(store, 1, pause: PausedQueue(queue: "q", by: "o", at: 1))
        let most = (1...Limits.pausedConsumers).map { PausedConsumer(worker: "w\($0)") }
        try await store.remember(most, of: "q")

        let refusal = await #expect(throws: RecordsError.self) {
            try await store.remember([PausedConsumer(worker: "more")], of: "q")
        }

        #expect(refusal?.code == .overloaded)
        #expect(try await store.pausedQueues()[0].consumers.count == Limits.pausedConsumers)
    }
}
