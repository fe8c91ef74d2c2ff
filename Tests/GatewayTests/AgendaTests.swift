import LiveSync
import Ports
import Testing

@testable import Gateway

@Suite struct AgendaTests {
    private let workers = TopicSet(rawValue: 1)
    private let queues = TopicSet(rawValue: 2)

    private func socket(_ number: Int) -> SocketID { SocketID(number: UInt64(number)) }

    private func outlook(_ at: Milliseconds?, _ topics: TopicSet = []) -> Outlook {
        var outlook = Outlook(at: at)
        outlook.topics = topics
        return outlook
    }

    @Test func `a session comes when its time has come, once`() {
        var agenda = Agenda(now: 1_000)
        agenda.put(socket(1), outlook(1_012))

        #expect(agenda.next == 1_015)
        #expect(agenda.take([], now: 1_010).isEmpty)
        #expect(agenda.take([], now: 1_015) == [socket(1)])
        #expect(agenda.take([], now: 9_000).isEmpty && agenda.count == 0 && agenda.next == nil)
    }

    @Test func `a change brings those that wait for it, and no others`() {
        var agenda = Agenda(now: 0)
        agenda.put(socket(1), outlook(nil, workers))
        agenda.put(socket(2), outlook(nil, queues))
        agenda.put(socket(3), outlook(500, [workers, queues]))

        #expect(agenda.take(workers, now: 1) == [socket(1), socket(3)])
        // Taken off everywhere: neither its time nor the other topic brings it again.
        #expect(agenda.take(queues, now: 600) == [socket(2)])
        #expect(agenda.count == 0)
    }

    @Test func `a new place replaces the old one`() {
        var agenda = Agenda(now: 0)
        agenda.put(socket(1), outlook(100, workers))
        agenda.put(socket(1), outlook(300))
        #expect(agenda.take(workers, now: 200).isEmpty)
        #expect(agenda.take([], now: 300) == [socket(1)])

        agenda.put(socket(1), outlook(400, workers))
        agenda.put(socket(1), Outlook())
        #expect(agenda.count == 0)
        agenda.put(socket(1), outlook(400, workers))
        agenda.remove(socket(1))
        #expect(agenda.take(workers, now: 500).isEmpty)
    }

    @Test(arguments: [Agenda.slots - 1, Agenda.slots, Agenda.slots + 1])
    func `who waits for longer than a turn of the wheel is looked at before`(slots: Milliseconds) {
        var agenda = Agenda(now: 0)
        agenda.put(socket(1), outlook(slots * Agenda.slot))

        let next = agenda.next ?? 0
        #expect(next == min(slots, Agenda.slots - 1) * Agenda.slot)
        #expect(agenda.take([], now: next - 1).isEmpty)
        #expect(agenda.take([], now: next) == [socket(1)])
    }

    @Test func `a pause of many turns loses nobody`() {
        var agenda = Agenda(now: 0)
        for number in 0..<2_000 { agenda.put(socket(number), outlook(Milliseconds(number) * 3)) }

        #expect(agenda.take([], now: 1_000_000).count == 2_000)
        agenda.put(socket(1), outlook(5))
        #expect(agenda.take([], now: 1_000_005) == [socket(1)])
    }

    @Test func `a crowd that went from slot to slot leaves no room behind in each of them`() {
        var agenda = Agenda(now: 0)
        let crowd = 64

        for slot in 1...Agenda.slots {
            let at = slot * Agenda.slot
            for number in 0..<crowd { agenda.put(socket(number), outlook(at, workers)) }
            #expect(agenda.take([], now: at).count == crowd)
        }

        // A list, and the places; both grow by doubling.
        #expect(agenda.room <= 2 * 2 * crowd)
    }
}
