import EventLoop
import Fleet
import LiveSync
import Ports
import Testing

@testable import Gateway

/// What `/metrics` is written with, and what it says of what happened.
@Suite struct MetricsTests {
    init() { EventLoop.shared.startThread() }

    @Test func `a family is its help, its type and its samples`() {
        var out = MetricsText()
        out.begin("celeriac_things_total", .counter, "Things\\ and\nmore.")
        out.add(3, ["kind": "a\"b\\c\nd", "of": "é"])
        out.add(0.25)
        out.add(nil, ["kind": "unknown"])
        out.single("celeriac_none", .gauge, "Nothing is known.", nil)

        #expect(
            out.text == #"""
                # HELP celeriac_things_total Things\\ and\nmore.
                # TYPE celeriac_things_total counter
                celeriac_things_total{kind="a\"b\\c\nd",of="é"} 3
                celeriac_things_total 0.25

                """#)
    }

    @Test func `a quote that another character has melted with is escaped all the same`() {
        var out = MetricsText()
        out.begin("m", .gauge, "h")
        // With a combining accent, the quote is another character to Swift, and the same byte to a parser.
        out.add(1, ["name": "\"\u{301}"])
        #expect(out.text.contains("name=\"\\\"\u{301}\""))
    }

    @Test func `buckets are summed up to infinity`() {
        var out = MetricsText()
        out.begin("h", .histogram, "h")
        out.add(bounds: [0.5, 1], counts: [2, 0, 1], sum: 9.5, ["role": "wall"])

        let lines = out.text.split(separator: "\n").dropFirst(2).map(String.init)
        #expect(
            lines == [
                #"h_bucket{role="wall",le="0.5"} 2"#, #"h_bucket{role="wall",le="1"} 2"#,
                #"h_bucket{role="wall",le="+Inf"} 3"#, #"h_sum{role="wall"} 9.5"#,
                #"h_count{role="wall"} 3"#,
            ])
    }

    @Test func `how late a revision is told counts from the first one after what was known`() {
        var commits = CommitTimes()
        #expect(commits.first(after: 0) == nil)
        for number in 1...CommitTimes.limit + 1 {
            commits.note(number * 2, at: Milliseconds(number * 10))
            commits.note(number * 2, at: 99_999)
        }
        #expect(commits.first(after: 7) == 40)
        #expect(commits.first(after: 8) == 50)
        // The first one is forgotten: the oldest that is known stands for it.
        #expect(commits.first(after: 0) == 20)
        #expect(commits.first(after: (CommitTimes.limit + 1) * 2) == nil)
    }

    @Test func `close codes beyond the protocol's are one`() {
        var meters = SessionMeters()
        for code: UInt16 in [1000, 4408, 4408, 3000, 4999] { meters.closed(code) }
        #expect(meters.closes == [1000: 1, 4408: 2, SessionMeters.otherCode: 2])
    }

    @Test @LoopActor func `what sessions do is counted`() async throws {
        let (gateway, sockets) = try Lonely.gateway()
        _ = gateway.decideUpgrade(HttpRequest(method: "GET", path: "/ws/v1"))
        _ = gateway.decideUpgrade(
            HttpRequest(
                method: "GET", path: "/ws/v1",
                headers: ["sec-websocket-protocol": "celeriac.v1.json"]))
        gateway.socketClosed(SocketID(number: 77), code: 4401)

        let lines = Set(gateway.metrics.text().split(separator: "\n").map(String.init))

        #expect(lines.contains(#"celeriac_handshakes_total{result="accepted"} 1"#))
        #expect(lines.contains(#"celeriac_handshakes_total{result="subprotocol"} 1"#))
        #expect(lines.contains(#"celeriac_handshakes_rejected_total{status="503"} 2"#))
        #expect(lines.contains(#"celeriac_closes_total{code="4401"} 1"#))
        #expect(lines.contains(#"celeriac_build_info{version="0"} 1"#))
        // It is there until now: the gateway holds it weakly.
        #expect(sockets.closed.isEmpty)
    }

    @Test @LoopActor func `a counter that was corrected does not fall`() throws {
        let (gateway, _) = try Lonely.gateway()
        gateway.metrics.highest = ["total SUCCESS": 5, "SUCCESS gone": 3]

        #expect(gateway.metrics.text().contains(#"celeriac_task_events_total{state="SUCCESS"} 5"#))

        // What has no sample any more is not remembered.
        #expect(gateway.metrics.highest["total SUCCESS"] == 5)
        #expect(gateway.metrics.highest["SUCCESS gone"] == nil)
    }

    @Test(arguments: [0, 1]) @LoopActor
    func `queues beyond the bound share a sample`(more: Int) throws {
        let (gateway, _) = try Lonely.gateway()
        gateway.feed.learn { fleet in
            for number in 0..<MetricsDesk.queues + more {
                let name = "q\(1_000 + number)"
                var event = TaskEvent(
                    .sent, uuid: name,
                    origin: EventOrigin(hostname: "h", timestamp: 1_000, pid: 1, clock: 1))
                event.name = "t"
                event.queue = name
                fleet.apply(.task(event), receivedAt: 1_000)
            }
        }
        let lines = gateway.metrics.text().split(separator: "\n")
            .filter { $0.hasPrefix("celeriac_queue_consumers{") }
        #expect(lines.count == MetricsDesk.queues + more)
        #expect(lines.contains { $0.contains(#"queue="*other*""#) } == (more > 0))
    }
}
