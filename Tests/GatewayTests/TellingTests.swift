import EventLoop
import LiveSync
import Ports
import Testing

@testable import Gateway

/// What a tick costs: whom it looks at, how often it writes and how often it encodes.
@Suite struct TellingTests {
    init() { EventLoop.shared.startThread() }

    /// A gateway with clients of a role that have opened what these requests ask for.
    @LoopActor
    private struct House {
        let gateway: Gateway
        let sockets: Lonely.Sockets
        let clients: [SocketID]

        init(clients count: Int, role: String = "operator", _ requests: [String]) async throws {
            (gateway, sockets) = try Lonely.gateway()
            clients = (1...count).map { SocketID(number: UInt64($0)) }
            let request = HttpRequest(method: "GET", path: "/ws/v1", headers: [:])
            for client in clients {
                gateway.socketOpened(client, request: request)
                say(
                    client,
                    #""id":1,"method":"session.start","params":{"proto":{"major":1,"minor":0},"#
                        + #""auth":{"kind":"bearer","token":"\#(role)"},"client":{"name":"t","version":"1"}}"#
                )
            }
            while gateway.sessions.liveCount < count { await Task.yield() }
            for client in clients {
                for (number, request) in requests.enumerated() {
                    say(client, #""id":\#(number + 2),"# + request)
                }
            }
        }

        func say(_ client: SocketID, _ members: String) {
            gateway.socketReceived(client, text: Array(#"{"jsonrpc":"2.0",\#(members)}"#.utf8))
        }

        func acknowledge() {
            let revision = gateway.rows.engine.revision
            for client in clients {
                say(
                    client,
                    #""method":"sub.ack","params":{"acks":[[1,\#(revision)],[2,\#(revision)],[3,\#(revision)]]}"#
                )
            }
        }

        /// Changes all three topics.
        func change(_ number: Int) {
            let rows = gateway.rows
            for (topic, column) in [(rows.workers, 7), (rows.queues, 1), (rows.stats, 1)] {
                rows.engine.upsert(topic, id: "x", [FieldUpdate(column, .int(number))])
            }
            rows.engine.commit(at: Milliseconds(EventLoop.shared.milliseconds))
        }
    }

    private static let topics = ["workers", "queues", "stats"].enumerated().map {
        #""method":"sub.open","params":{"sub":\#($0 + 1),"topic":"\#($1)","maxHz":20}"#
    }

    @Test @LoopActor func `three topics that changed are one write`() async throws {
        let house = try await House(clients: 1, Self.topics)
        house.acknowledge()
        try await Task.sleep(for: .milliseconds(60))
        let (frames, writes) = (house.sockets.count(1), house.sockets.writes[house.clients[0]] ?? 0)

        house.change(1)
        house.gateway.sessions.tell()

        #expect(house.sockets.count(1) == frames + 3)
        #expect(house.sockets.writes[house.clients[0]] == writes + 1)
    }

    @Test @LoopActor func `a thousand clients on one view take a few encodings a tick`()
        async throws
    {
        let house = try await House(clients: 1_000, Self.topics)
        house.acknowledge()
        let desk = house.gateway.sessions
        for turn in 1...4 {
            try await Task.sleep(for: .milliseconds(60))
            let (encoded, frames) = (desk.framesEncoded, desk.framesSent)
            house.change(turn)
            desk.tell()

            // P4: at most 14 of each topic's frame; everybody stands at the same place here.
            #expect(desk.framesEncoded - encoded <= 14 * 3)
            #expect(desk.framesSent - frames >= 3_000)
            house.acknowledge()
        }
    }

    @Test @LoopActor func `a tick looks at nobody whom nothing concerns`() async throws {
        let house = try await House(clients: 100, Array(Self.topics.prefix(1)))
        house.acknowledge()
        try await Task.sleep(for: .milliseconds(60))
        let desk = house.gateway.sessions
        desk.tell()
        let frames = desk.framesSent
        #expect(desk.agenda.count == 100)

        let rows = house.gateway.rows
        rows.engine.upsert(rows.queues, id: "q", [FieldUpdate(1, .int(1))])
        rows.engine.commit(at: 0)

        let changed = rows.engine.topicsChanged(since: desk.told.revision)
        #expect(desk.agenda.take(changed, now: desk.now).isEmpty)
        desk.tell()
        #expect(desk.framesSent == frames)
        for client in house.clients { house.gateway.socketClosed(client, code: 1000) }
        #expect(desk.agenda.count == 0)
        #expect(house.sockets.recognized == Set(house.clients))
    }

    @Test @LoopActor
    func `a tick for somebody else does not put off a client whose time is yet to come`()
        async throws
    {
        let four = #""method":"sub.open","params":{"sub":1,"topic":"workers","maxHz":4}"#
        let house = try await House(clients: 1, [four])
        let (rows, ticker) = (house.gateway.rows, house.gateway.ticker)
        house.acknowledge()
        try await Task.sleep(for: .milliseconds(300))
        func afterTick(_ change: () -> Void) async throws {
            change()
            ticker.changed()
            try await Task.sleep(for: .milliseconds(30))
        }

        let frames = house.sockets.count(1)
        for number in 1...2 {
            try await afterTick {
                rows.engine.upsert(rows.workers, id: "x", [FieldUpdate(7, .int(number))])
            }
        }
        // Not told of the second yet: it was told just now. And this change makes a tick before its time.
        try await afterTick {
            rows.engine.upsert(rows.queues, id: "x", [FieldUpdate(1, .int(1))])
        }
        for _ in 0..<2_000 where house.sockets.count(1) < frames + 2 {
            try await Task.sleep(for: .milliseconds(10))
        }

        #expect(house.sockets.count(1) == frames + 2)
    }

    @Test @LoopActor func `another epoch reaches everybody`() async throws {
        let house = try await House(clients: 10, Self.topics)
        house.acknowledge()
        try await Task.sleep(for: .milliseconds(60))
        let desk = house.gateway.sessions
        desk.tell()
        let frames = desk.framesSent

        house.gateway.rows.engine.beginEpoch("other")
        desk.tell()

        // A reset, a snapshot and a delta for each.
        #expect(desk.framesSent == frames + 10 * 3 * 3)
    }
}
