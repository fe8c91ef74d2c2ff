import Fleet
import Testing
import WireFormats

struct EventDecoderTests {
    private func decode(_ payload: [UInt8]) -> (EventOutcome, [CeleryEvent]) {
        var decoder = EventDecoder()
        var events: [CeleryEvent] = []
        let outcome = decoder.decode(payload.span, into: &events)
        return (outcome, events)
    }

    private func task(_ body: JsonValue) throws -> TaskEvent {
        let (outcome, events) = decode(CelerySamples.envelope(body))
        #expect(outcome == .decoded(events: 1, ignored: 0, refused: 0))
        guard case .task(let event)? = events.first else { throw NotATask() }
        return event
    }

    private struct NotATask: Error {}

    @Test func `every captured message is decoded`() throws {
        for (name, payload) in try CelerySamples.eventPayloads() {
            let (outcome, events) = decode(payload)
            switch name {
            case "envelope-task.multi":
                #expect(outcome == .decoded(events: 3, ignored: 0, refused: 0))
            case "envelope-build.step":
                #expect(outcome == .decoded(events: 0, ignored: 1, refused: 0))
            default: #expect(outcome == .decoded(events: 1, ignored: 0, refused: 0), "\(name)")
            }
            for event in events {
                guard case .task(let task) = event else { continue }
                #expect(task.uuid.utf8.count == 36)
            }
        }
    }

    @Test func `every captured type keeps every field it came with`() throws {
        for member in try #require(CelerySamples.load("events_by_type").object) {
            let (outcome, events) = decode(CelerySamples.envelope(member.value))
            guard member.name.hasPrefix("task-") || member.name.hasPrefix("worker-") else {
                #expect(outcome == .decoded(events: 0, ignored: 1, refused: 0))
                continue
            }
            #expect(outcome == .decoded(events: 1, ignored: 0, refused: 0), "\(member.name)")
            let event = try #require(events.first)
            for field in try #require(member.value.object) {
                EventLikeness.expect(field, in: event)
            }
        }
    }

    @Test(
        arguments: [
            ("task-sent", .sent), ("task-received", .received), ("task-started", .started),
            ("task-succeeded", .succeeded), ("task-failed", .failed), ("task-retried", .retried),
            ("task-revoked", .revoked), ("task-rejected", .rejected),
            ("task-cancelled", .cancelled),
            ("task-progress", .custom("progress")), ("task-", .custom("")),
            ("task-sentence", .custom("sentence")),
        ] as [(String, TaskEvent.Kind)])
    func `each type of task event has its kind`(type: String, kind: TaskEvent.Kind) throws {
        let event = try task([
            "hostname": "a@b", "timestamp": 1.5, "uuid": "u", "type": .string(type),
        ])
        #expect(event.kind == kind)
        #expect(
            event
                == TaskEvent(kind, uuid: "u", origin: EventOrigin(hostname: "a@b", timestamp: 1.5)))
    }

    @Test func `signals, custom fields and hand-made values are kept as text`() throws {
        var event = try task([
            "type": "task-revoked", "hostname": "h", "timestamp": 1, "uuid": "u", "signum": 15,
            "terminated": true, "expired": false, "args": [1, 2], "name": 5, "retries": "x",
        ])
        #expect(event.signum == "15")
        #expect(event.terminated == true)
        #expect(event.expired == false)
        #expect(event.args == "[1,2]")
        #expect(event.name == nil)
        #expect(event.retries == nil)

        event = try task([
            "type": "task-progress", "hostname": "h", "timestamp": 1, "uuid": "u", "current": 5,
            "note": "é", "bad": .number(.nan), "result": "r",
        ])
        #expect(event.extra == #"{"current":5,"note":"é","bad":null}"#)
        #expect(event.result == "r")
    }

    /// Such a text is taken as it stands, and need not be ASCII as most strings are.
    @Test func `a hand-made value with letters of any language is kept as text`() throws {
        let body =
            #"{"type":"task-received","hostname":"h","timestamp":1,"uuid":"u","args":["é"],"kwargs":"ü"}"#
        var text: [UInt8] = []
        Base64.encode(Array(body.utf8).span, into: &text)
        let envelope =
            #"{"body":"\#(String(decoding: text, as: UTF8.self))","content-type":"application/json","#
            + #""properties":{"body_encoding":"base64"}}"#
        let (outcome, events) = decode(Array(envelope.utf8))

        #expect(outcome == .decoded(events: 1, ignored: 0, refused: 0))
        guard case .task(let event)? = events.first else { throw NotATask() }
        #expect(event.args == #"["é"]"#)
        #expect(event.args?.utf8.count == 6)
        #expect(event.args?.count == 5)
        #expect(event.kwargs == "ü")
    }

    @Test func `a list keeps its good events and counts the others`() {
        let good: JsonValue = [
            "type": "task-started", "hostname": "h", "timestamp": 1, "uuid": "u",
        ]
        let (outcome, events) = decode(
            CelerySamples.envelope([
                good, 7, ["type": "task-started"], ["type": "x", "hostname": "h", "timestamp": 1],
                good,
            ]))
        #expect(outcome == .decoded(events: 2, ignored: 1, refused: 2))
        #expect(events.count == 2)
        #expect(
            decode(CelerySamples.envelope(JsonValue.array([]))).0
                == .decoded(events: 0, ignored: 0, refused: 0))
    }

    @Test func `other serializers are skipped by name`() {
        let body: JsonValue = [:]
        for type in [
            "application/x-python-serialize", "application/x-msgpack", "application/x-yaml",
        ] {
            let payload = CelerySamples.envelope(body, contentType: type)
            #expect(decode(payload).0 == .skipped(contentType: type))
        }
        let packed = CelerySamples.envelope(body, headers: ["compression": "application/x-gzip"])
        #expect(decode(packed).0 == .skipped(contentType: "application/json, compressed"))
    }

    @Test func `a body may be plain text`() {
        let body: JsonValue = [
            "type": "task-started", "hostname": "é\"h", "timestamp": 1, "uuid": "u",
        ]
        for encoding in ["utf-8", nil] {
            let (outcome, events) = decode(CelerySamples.envelope(body, encoding: encoding))
            #expect(outcome == .decoded(events: 1, ignored: 0, refused: 0))
            let origin = EventOrigin(hostname: "é\"h", timestamp: 1)
            #expect(events == [.task(TaskEvent(.started, uuid: "u", origin: origin))])
        }
    }

    @Test(arguments: [
        "", "garbage", "[]", "7", "\"x\"", "{}", #"{"body":"e30="}"#,
        #"{"body":"e30=","content-type":7}"#,
        #"{"body":"!!","content-type":"application/json","properties":{"body_encoding":"base64"}}"#,
        #"{"body":"e30","content-type":"application/json","properties":{"body_encoding":"base64"}}"#,
        #"{"body":"e30=","content-type":"application/json","properties":{"body_encoding":"rot13"}}"#,
        #"{"body":{},"content-type":"application/json","properties":{}}"#,
        #"{"body":"7","content-type":"application/json","properties":{}}"#,
        #"{"body":"[{]","content-type":"application/json","properties":{}}"#,
        #"{"body":"{}","content-type":"application/json","properties":{}}"#,
        #"{"body":"{}","content-type":"application/json","properties":{}} x"#,
    ])
    func `what is no event is one count`(payload: String) {
        let (outcome, events) = decode(Array(payload.utf8))
        guard case .undecodable = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(events.isEmpty)
    }

    @Test(
        arguments: [
            ["timestamp": .number(.nan)], ["timestamp": .number(.infinity)], ["timestamp": -1],
            ["timestamp": "1"], ["timestamp": 253_402_300_801], ["hostname": ""], ["hostname": nil],
            ["uuid": 7], ["uuid": ""], ["uuid": nil], ["type": nil], ["type": 3],
        ] as [JsonValue])
    func `an event without what every event has is refused`(change: JsonValue) throws {
        let changed = try #require(change.object?.first)
        let pairs: [(String, String)] = [
            ("type", "\"task-started\""), ("hostname", "\"h\""), ("timestamp", "1"),
            ("uuid", "\"u\""),
        ]
        let members = pairs.map { name, text in
            guard name == changed.name else { return "\"\(name)\":\(text)" }
            guard case .number(let number) = changed.value else {
                return "\"\(name)\":\(changed.value.text())"
            }
            return "\"\(name)\":\(number.isNaN ? "NaN" : "Infinity")"
        }
        let body = "{" + members.joined(separator: ",") + "}"
        guard case .undecodable = decode(CelerySamples.envelope(Array(body.utf8))).0 else {
            Issue.record("\(body)")
            return
        }
    }

    @Test(arguments: ["", "\n", "\\", "é\""])
    func `keyword arguments are cut at their bound, whatever escapes they have`(
        start: String
    ) throws {
        for count in [CeleryLimits.maxReprBytes, CeleryLimits.maxReprBytes + 1] {
            let text = start + String(repeating: "x", count: count - start.utf8.count)
            let event = try task([
                "type": "task-received", "hostname": "h", "timestamp": 1, "uuid": "u",
                "kwargs": .string(text),
            ])

            #expect(
                event.kwargs == (count > CeleryLimits.maxReprBytes ? text.dropLast() + "…" : text))
        }
    }

    @Test func `different keyword arguments of one length stay apart`() {
        var decoder = EventDecoder()
        var events: [CeleryEvent] = []
        let texts = ["{'first': 1, 'end': 9}", "{'other': 2, 'end': 9}", "{'first': 1, 'end': 9}"]
        for text in texts {
            let body: JsonValue = [
                "type": "task-received", "hostname": "h", "timestamp": 1, "uuid": "u",
                "kwargs": .string(text),
            ]
            _ = decoder.decode(CelerySamples.envelope(body).span, into: &events)
        }

        let kept = events.compactMap { event in
            guard case .task(let task) = event else { return nil as String? }
            return task.kwargs
        }
        #expect(kept == texts)
    }

    @Test func `an event is equal to the one that is filled field by field`() throws {
        let event = try task([
            "type": "task-failed", "hostname": "h", "timestamp": 1, "uuid": "u",
            "exception": "E()", "traceback": nil,
        ])
        var filled = TaskEvent(.failed, uuid: "u", origin: event.origin)
        filled.exception = "E()"
        filled.signum = "9"
        #expect(event != filled)
        filled.signum = nil
        #expect(event == filled)
        filled.exception = nil
        #expect(filled == TaskEvent(.failed, uuid: "u", origin: event.origin))
    }

    @Test func `texts are cut at their bound, ids are refused beyond it`() throws {
        func text(_ count: Int) -> JsonValue { .string(String(repeating: "é", count: count / 2)) }
        func event(_ size: Int, id: Int) throws -> TaskEvent? {
            let body: JsonValue = [
                "type": "task-failed", "hostname": "h", "timestamp": 1, "exception": text(size),
                "traceback": text(
                    CeleryLimits.maxTracebackBytes + size - CeleryLimits.maxReprBytes),
                "uuid": text(id),
            ]
            guard case .task(let event)? = decode(CelerySamples.envelope(body)).1.first else {
                return nil
            }
            return event
        }
        let exact = try #require(try event(CeleryLimits.maxReprBytes, id: CeleryLimits.maxIDBytes))
        #expect(exact.exception?.utf8.count == CeleryLimits.maxReprBytes)
        #expect(exact.traceback?.utf8.count == CeleryLimits.maxTracebackBytes)
        let cut = try #require(try event(CeleryLimits.maxReprBytes + 2, id: 2))
        #expect(cut.exception?.hasSuffix("é…") == true)
        #expect(cut.exception?.utf8.count == CeleryLimits.maxReprBytes + 3)
        #expect(cut.traceback?.utf8.count == CeleryLimits.maxTracebackBytes + 3)
        #expect(try event(2, id: CeleryLimits.maxIDBytes + 2) == nil)
    }

    @Test func `a list keeps as many events as the limit allows`() {
        let one: JsonValue = ["type": "task-started", "hostname": "h", "timestamp": 1, "uuid": "u"]
        let bound = CeleryLimits.maxEventsPerMessage
        let full = decode(CelerySamples.envelope(.array(Array(repeating: one, count: bound))))
        #expect(full.0 == .decoded(events: bound, ignored: 0, refused: 0))
        let over = decode(CelerySamples.envelope(.array(Array(repeating: one, count: bound + 1))))
        #expect(over.0 == .decoded(events: bound, ignored: 0, refused: 1))
    }

    @Test func `extra fields stay within their bound`() throws {
        var members = [
            JsonMember("type", "task-p"), JsonMember("hostname", "h"), JsonMember("timestamp", 1),
            JsonMember("uuid", "u"),
            JsonMember("big", .string(String(repeating: "x", count: CeleryLimits.maxExtraBytes))),
        ]
        members += (0...CeleryLimits.maxExtraFields).map {
            JsonMember("f\($0)", .integer(Int64($0)))
        }
        let extra = try #require(try task(.object(members)).extra)
        #expect(extra.utf8.count <= CeleryLimits.maxExtraBytes)
        let read = try JsonReader.parse(extra, limits: .celery)
        #expect(read["f0"] == 0)
        #expect(read["big"] == nil)
        #expect(try #require(read.object).count == CeleryLimits.maxExtraFields - 1)
    }

    @Test func `random damage never traps, and never leaves half a list`() throws {
        var generator = SeededGenerator(2026)
        var seeds = try CelerySamples.eventPayloads().map(\.payload)
        for member in try #require(CelerySamples.load("events_by_type").object) {
            seeds.append(CelerySamples.envelope(member.value, encoding: nil))
            seeds.append(CelerySamples.envelope([member.value, member.value], encoding: "utf-8"))
        }
        var decoder = EventDecoder()
        var tally = [0, 0, 0]
        for _ in 0..<120_000 {
            var payload = generator.pick(seeds)
            generator.damage(&payload)
            var events: [CeleryEvent] = []
            switch decoder.decode(payload.span, into: &events) {
            case .decoded(let count, _, _):
                #expect(events.count == count)
                tally[0] += 1
            case .skipped: tally[1] += 1
            case .undecodable:
                #expect(events.isEmpty)
                tally[2] += 1
            }
        }
        // All three ways were walked.
        #expect(tally.allSatisfy { $0 > 100 }, "\(tally)")
    }
}
