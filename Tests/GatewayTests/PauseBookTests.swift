import Fleet
import Ports
import Testing
import WireFormats

@testable import Gateway

@Suite struct PauseBookTests {
    private let mail = PausedQueue(
        queue: "mail", by: "ops", at: 1000, resumeAt: 2000, reason: "deploy",
        consumers: [PausedConsumer(worker: "a@h", exchange: "letters", exchangeType: "topic")])

    private func resumed(at time: Double = 1500) -> PauseBook {
        var book = PauseBook([mail])
        book.resume(ResumedQueue(queue: "mail", at: time))
        return book
    }

    @Test func `what is paused is told the fleet until it is resumed`() {
        var book = PauseBook()
        #expect(book.isEmpty)

        book.pause(mail)

        #expect(book.isPaused("mail"))
        #expect(!book.isPaused("other"))
        #expect(
            book.wish == [
                "mail": QueuePause(by: "ops", at: 1000, reason: "deploy", resumeAt: 2000)
            ])
        book.resume(ResumedQueue(queue: "mail", at: 1500))
        #expect(!book.isPaused("mail"))
        #expect(book.wish.isEmpty)
        #expect(!book.isEmpty)
    }

    @Test func `a second pause keeps who would consume the queue`() {
        var book = resumed()

        book.pause(
            PausedQueue(
                queue: "mail", by: "dev", at: 1600, consumers: [PausedConsumer(worker: "b@h")]))

        #expect(book.isPaused("mail"))
        #expect(book.rows["mail"]?.by == "dev")
        #expect(
            book.rows["mail"]?.consumers == mail.consumers + [PausedConsumer(worker: "b@h")])
    }

    @Test func `a worker that consumes paused queues is remembered once, and how`() {
        var book = PauseBook([mail])
        let consumed = [
            ConsumedQueue(
                name: "mail", exchange: "letters", exchangeType: "direct", routingKey: "m"),
            ConsumedQueue(name: "other"),
        ]

        let news = book.learn(consumed, of: "a@h")

        let now = PausedConsumer(
            worker: "a@h", exchange: "letters", exchangeType: "direct", routingKey: "m")
        #expect(news == ["mail": now])
        #expect(book.rows["mail"]?.consumers == [now])
        #expect(book.learn(consumed, of: "a@h").isEmpty)
        #expect(book.learn([], of: "a@h").isEmpty)
        #expect(book.rows["mail"]?.consumers == [now])
    }

    @Test func `nothing is remembered of a queue that is being resumed`() {
        var book = resumed()

        #expect(book.learn([ConsumedQueue(name: "mail")], of: "b@h").isEmpty)
    }

    @Test func `what could not be sent again is not kept of a consumer`() {
        let odd = PausedConsumer(
            worker: "a@h",
            ConsumedQueue(
                name: "mail", exchange: "", exchangeType: "headers",
                routingKey: "_kombu.binding.x"))

        #expect(odd == PausedConsumer(worker: "a@h"))
    }

    @Test func `a pause is over at its time, and is not ended twice`() {
        var book = PauseBook([mail, PausedQueue(queue: "for ever", by: "ops", at: 1)])

        #expect(book.due(now: 1999.9).isEmpty)
        #expect(book.due(now: 2000) == ["mail"])
        book.resume(ResumedQueue(queue: "mail", at: 2000))
        #expect(book.due(now: 2001).isEmpty)
    }

    @Test func `a resumed queue is done when all its workers consume it`() {
        var book = resumed()
        book.pause(mail)
        _ = book.learn([ConsumedQueue(name: "mail")], of: "b@h")
        book.resume(ResumedQueue(queue: "mail", at: 1500))
        var state: [String: Bool] = [:]
        func look() -> PauseBook.Resumption {
            book.resumption(now: 1510) { worker, queue, since in
                queue == "mail" && since >= 1500 ? state[worker] : nil
            }
        }

        #expect(look() == PauseBook.Resumption())
        state = ["a@h": true, "b@h": false]
        var expected = PauseBook.Resumption()
        expected.back = ["mail": ["a@h"]]
        expected.missing = ["mail": [PausedConsumer(worker: "b@h")]]
        #expect(look() == expected)
        book.forget(["a@h"], of: "mail")
        state = ["b@h": true]
        #expect(look().done == ["mail"])
        book.close("mail")
        #expect(book.isEmpty)
    }

    @Test func `workers that stay away are waited for an hour`() {
        let book = resumed(at: 1500)
        let end = 1500 + PauseLimits.resumeSeconds

        #expect(book.resumption(now: end) { _, _, _ in nil }.done.isEmpty)
        #expect(book.resumption(now: end + 0.1) { _, _, _ in nil }.done == ["mail"])
    }

    @Test func `a queue that is paused anew is not forgotten`() {
        var book = resumed()
        book.pause(mail)

        book.close("mail")

        #expect(book.isPaused("mail"))
        #expect(book.resumption(now: 9e9) { _, _, _ in true } == PauseBook.Resumption())
    }

    @Test func `a new worker is told of a few queues at once, of more when it has said its own`() {
        let few = (1...PauseLimits.blindQueues).map {
            PausedQueue(queue: "q\($0)", by: "o", at: 1)
        }
        var book = PauseBook(few)
        #expect(book.blind(for: "a@h").count == PauseLimits.blindQueues)

        book.pause(mail)

        #expect(book.blind(for: "a@h") == ["mail"])
        #expect(book.blind(for: "b@h").isEmpty)
        _ = book.learn(few.map { ConsumedQueue(name: $0.queue) }, of: "a@h")
        #expect(book.blind(for: "a@h").count == PauseLimits.blindQueues)
    }

    @Test func `workers are told together what they did alike`() {
        let changes = ConsumerChange.giving(
            "mail",
            back: [
                PausedConsumer(worker: "c@h", exchange: "x"), PausedConsumer(worker: "b@h"),
                PausedConsumer(worker: "a@h", exchange: "x"),
            ])

        func add(_ exchange: String?) -> ControlMethod {
            .addConsumer(queue: "mail", exchange: exchange, exchangeType: nil, routingKey: nil)
        }
        #expect(
            changes == [
                ConsumerChange(method: add("x"), workers: ["a@h", "c@h"]),
                ConsumerChange(method: add(nil), workers: ["b@h"]),
            ])
    }
}
