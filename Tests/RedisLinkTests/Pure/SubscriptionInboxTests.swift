import Ports
import Testing

@testable import RedisLink

@Suite struct SubscriptionInboxTests {
    private func batch(_ numbers: [Int], bytes: Int = 0) -> SubscriptionBatch<Int> {
        SubscriptionBatch(
            items: numbers, messages: numbers.count, bytes: bytes, dropped: 0, receivedAt: 1)
    }

    private func drain(
        _ inbox: SubscriptionInbox<Int>
    ) -> (items: [Int], dropped: Int, events: [String]) {
        var (items, dropped, events): ([Int], Int, [String]) = ([], 0, [])
        while let (event, isMore) = inbox.take() {
            switch event {
            case .batch(let batch):
                items += batch.items
                dropped += batch.dropped
                events.append("b")
            case .subscribed: events.append("s")
            case .lost: events.append("l")
            case .probe: events.append("p")
            }
            if !isMore { break }
        }
        return (items, dropped, events)
    }

    @Test func `one wake-up is outstanding until the inbox was found empty`() {
        let inbox = SubscriptionInbox<Int>(limits: RedisLimits())

        #expect(inbox.put(batch([1])))
        #expect(!inbox.put(batch([2])))
        #expect(inbox.take()?.isMore == true)
        #expect(!inbox.put(batch([3])))
        #expect(drain(inbox).items == [3])
        #expect(inbox.put(batch([4])))
    }

    @Test func `joined batches keep when the oldest message came`() throws {
        let inbox = SubscriptionInbox<Int>(limits: RedisLimits())
        var early = batch([1])
        early.receivedAt = 12
        early.oldestAt = 11
        var late = batch([2])
        late.receivedAt = 14
        late.oldestAt = 13

        _ = inbox.put(early)
        _ = inbox.put(late)

        guard case .batch(let joined)? = inbox.take()?.event else {
            Issue.record("no batch")
            return
        }
        #expect(joined.items == [1, 2])
        #expect((joined.oldestAt, joined.receivedAt) == (11, 14))
    }

    @Test func `the bound is kept and what is beyond is counted in its place`() {
        var limits = RedisLimits()
        limits.inboxBytes = 1000
        limits.messageOverhead = 0
        limits.batchBytes = 500
        let inbox = SubscriptionInbox<Int>(limits: limits)

        _ = inbox.put(batch([1], bytes: 500))
        #expect(inbox.hasRoom)
        _ = inbox.put(batch([2], bytes: 500))
        #expect(!inbox.hasRoom)
        _ = inbox.put(batch([3, 4], bytes: 1))
        #expect(drain(inbox) == ([1, 2], 2, ["b", "b", "b"]))
        _ = inbox.put(batch([5], bytes: 1))
        #expect(drain(inbox) == ([5], 0, ["b"]))
    }

    @Test func `a single batch beyond the bound passes an empty inbox`() {
        var limits = RedisLimits()
        limits.inboxBytes = 1000
        let inbox = SubscriptionInbox<Int>(limits: limits)

        _ = inbox.put(batch([1], bytes: 5000))

        #expect(drain(inbox).items == [1])
    }

    @Test func `small batches join, news keep their place between them`() {
        let inbox = SubscriptionInbox<Int>(limits: RedisLimits())

        _ = inbox.put(.subscribed(at: 1))
        for number in 0..<50 { _ = inbox.put(batch([number], bytes: 10)) }
        _ = inbox.put(.lost(since: 2, reason: "gone"))
        _ = inbox.put(.subscribed(at: 3))
        _ = inbox.put(batch([50]))
        for _ in 0..<100 { _ = inbox.put(.probe(roundTrip: 1)) }

        #expect(drain(inbox) == (Array(0...50), 0, ["s", "b", "l", "s", "b", "p"]))
    }

    @Test func `joined batches stay within the batch limits`() {
        var limits = RedisLimits()
        limits.batchItems = 10
        let inbox = SubscriptionInbox<Int>(limits: limits)

        for number in 0..<25 { _ = inbox.put(batch([number])) }

        var sizes: [Int] = []
        while case .batch(let batch)? = inbox.take()?.event { sizes.append(batch.items.count) }
        #expect(sizes == [10, 10, 5])
    }
}

@Suite struct CommandQueueTests {
    @Test func `replies go to requests in order, and one too many is an error`() throws {
        var queue = CommandQueue()
        for count in [1, 3] {
            queue.append(.init(missing: count, deadline: 1, name: "N\(count)", complete: { _ in }))
        }
        #expect(queue.missing == 4)

        #expect(try queue.received(.integer(1))?.name == "N1")
        #expect(try queue.received(.integer(2)) == nil)
        #expect(try queue.received(.integer(3)) == nil)
        #expect(
            try queue.received(.integer(4))?.replies == [.integer(2), .integer(3), .integer(4)])
        #expect(queue.isEmpty && queue.missing == 0)
        do {
            _ = try queue.received(.null)
            Issue.record("accepted")
        } catch {
            #expect(error.reason.contains("nobody asked"))
        }
    }

    @Test func `a long queue lets go of what is answered`() throws {
        var queue = CommandQueue()
        for number in 0..<5000 {
            queue.append(
                .init(missing: 1, deadline: Double(number), name: "X", complete: { _ in }))
        }
        for number in 0..<3000 { #expect(try queue.received(.null)?.deadline == Double(number)) }

        #expect(queue.first?.deadline == 3000)
        #expect(queue.removeAll().map(\.deadline) == (3000..<5000).map(Double.init))
        #expect(queue.isEmpty)
    }
}
