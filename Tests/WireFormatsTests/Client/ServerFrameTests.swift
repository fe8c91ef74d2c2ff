import LiveSync
import Testing

@testable import WireFormats

@Suite struct ServerFrameTests {
    @Test(arguments: [(123, 123), (124, 123)])
    func `the reason of an end has the room that a close frame has`(
        length: Int, kept: Int
    ) throws {
        let frame = ServerFrame.bye(
            code: .malformed, reason: String(repeating: "x", count: length),
            retryAfterMilliseconds: nil)

        let value = try JsonReader.parse(frame, limits: .client)
        #expect(value["params"]?["reason"]?.string?.utf8.count == kept)
        let cut = ServerFrame.bye(
            code: .malformed, reason: String(repeating: "é", count: length),
            retryAfterMilliseconds: nil)
        #expect(
            try JsonReader.parse(cut, limits: .client)["params"]?["reason"]?.string?.utf8.count
                == 122)
    }

    @Test func `session frames are written as documented`() {
        #expect(
            text(
                ServerFrame.hello(
                    server: "celeriac 1", nonce: "n", deadlineMilliseconds: 5_000,
                    frameLimit: 65_536, inFlightLimit: 32, ratePerSecond: 20))
                == #"{"jsonrpc":"2.0","method":"session.hello","params":{"server":"celeriac 1","proto":{"major":1,"minor":0},"features":["views","ack","query","events"],"nonce":"n","deadlineMs":5000,"limits":{"frame":65536,"subs":32,"inflight":32,"ratePerS":20}}}"#
        )
        #expect(
            text(
                ServerFrame.heartbeat(
                    revision: 7, now: 1_764_000_015.25, asOf: nil, ingest: "down", shed: 1))
                == #"{"jsonrpc":"2.0","method":"session.hb","params":{"rev":7,"t":1764000015250,"asOf":null,"ingest":"down","shed":1}}"#
        )
        #expect(
            text(
                ServerFrame.bye(
                    code: .goingAway, reason: "restart", retryAfterMilliseconds: 900, resume: "x.y")
            )
                == #"{"jsonrpc":"2.0","method":"session.bye","params":{"code":1001,"reason":"restart","retryAfterMs":900,"resume":"x.y"}}"#
        )
    }

    @Test func `answers carry the id as it came`() {
        #expect(
            text(ServerFrame.result(.number(3), ["sub": 1]))
                == #"{"jsonrpc":"2.0","id":3,"result":{"sub":1}}"#)
        #expect(
            text(
                ServerFrame.error(.text("é\""), FrameFault(.limit, "no", retryAfterMilliseconds: 5))
            )
                == #"{"jsonrpc":"2.0","id":"é\"","error":{"code":1012,"message":"no","data":{"retry":true,"retryAfterMs":5}}}"#
        )
        #expect(
            text(ServerFrame.error(nil, FrameFault(.precondition, "no", detail: ["found": 5])))
                == #"{"jsonrpc":"2.0","id":null,"error":{"code":1010,"message":"no","data":{"retry":false,"retryAfterMs":0,"detail":{"found":5}}}}"#
        )
    }

    @Test func `hostile rows arrive as they are, in frames of at most 64 KiB`() throws {
        let schema = TopicSchema(
            name: "t", kind: .whole, fields: (1...40).map { "field\($0)" }, filters: ["field1"])
        let engine = SyncEngine(epoch: "e", topics: [schema])
        let topic = engine.topic(named: "t")
        var random = SeededGenerator(5)
        var wanted: [String: [String: JsonValue]] = [:]
        for number in 0..<400 {
            let id = number == 0 ? "__proto__" : "\(random.nastyText()) \(number)"
            var updates: [FieldUpdate] = []
            var row: [String: JsonValue] = ["id": .string(id)]
            for column in 1...40 where random.chance(3) {
                let value = value(&random)
                updates.append(FieldUpdate(column, value.0))
                if !value.1.isNull { row["field\(column)"] = value.1 }
            }
            engine.upsert(topic, id: id, updates)
            wanted[id] = row
        }
        engine.commit(at: 0)
        var session = SyncSession()
        _ = try engine.open(
            SubscriptionRequest(subscription: 9, topic: "t"), for: &session, now: 0)

        var found: [String: [String: JsonValue]] = [:]
        var frames = 0
        while let outgoing = engine.next(for: &session, now: 0) {
            let bytes = ServerFrame.encode(outgoing.frame.content, subscription: 9)
            #expect(bytes.count <= 65_536)
            frames += 1
            let params = try JsonReader.parse(bytes, limits: .celery)["params"]
            #expect(params?["sub"] == 9)
            let names = (params?["cols"]?.array ?? []).compactMap(\.string)
            for cells in params?["rows"]?.array ?? [] {
                var row: [String: JsonValue] = [:]
                for (name, cell) in zip(names.dropFirst(), (cells.array ?? []).dropFirst())
                where !cell.isNull {
                    row[name] = cell
                }
                found[row["id"]?.string ?? ""] = row
            }
            engine.acknowledge(
                [Acknowledgement(subscription: 9, revision: engine.revision)], for: &session,
                now: 0)
        }

        #expect(frames > 3)
        #expect(found.count == wanted.count)
        let differing = wanted.flatMap { id, row in
            Set(row.keys).union(found[id, default: [:]].keys)
                .filter { row[$0] != found[id]?[$0] }
                .map { "\($0): \(found[id]?[$0] ?? .null), not \(row[$0] ?? .null)" }
        }
        #expect(differing.isEmpty)
    }

    @Test func `the largest rows still fit their frame`() throws {
        let schema = TopicSchema(
            name: "t", kind: .whole, fields: (1...63).map { "aRatherLongFieldName\($0)" })
        let engine = SyncEngine(epoch: "e", topics: [schema])
        let topic = engine.topic(named: "t")
        for number in 0..<20 {
            engine.upsert(
                topic, id: "row \(number)",
                (1...63).map { FieldUpdate($0, .text(String(repeating: "\u{1}\"é", count: 200))) })
        }
        engine.commit(at: 0)
        var session = SyncSession()
        _ = try engine.open(
            SubscriptionRequest(subscription: 1, topic: "t"), for: &session, now: 0)
        var largest = 0
        for round in 0..<3 {
            while let outgoing = engine.next(for: &session, now: Int64(round) * 10_000) {
                largest = max(
                    largest, ServerFrame.encode(outgoing.frame.content, subscription: 1).count)
                engine.acknowledge(
                    [Acknowledgement(subscription: 1, revision: engine.revision)], for: &session,
                    now: 0)
            }
            for number in 0..<20 {
                engine.upsert(
                    topic, id: "row \(number)",
                    (1...63).map {
                        FieldUpdate($0, .text(String(repeating: "\u{2}\(round)", count: 200)))
                    })
            }
            engine.commit(at: 0)
        }

        #expect(largest > 40_000)
        #expect(largest <= 65_536)
        #expect(engine.counters.fieldsRefused > 0)
    }

    private func value(_ random: inout SeededGenerator) -> (FieldValue, JsonValue) {
        switch random.below(6) {
        case 0: return (.absent, .null)
        case 1: return (.bool(true), true)
        case 2:
            let number = random.below(1 << 53)
            return (.int(-number), .integer(-Int64(number)))
        case 3:
            let number = Double(random.below(1_000_000)) + 0.25
            return (.double(number), .number(number))
        case 4: return (.list(#"["a",1,null]"#), ["a", 1, nil])
        default:
            let text = random.nastyText()
            return (.text(text), .string(text))
        }
    }

    private func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
