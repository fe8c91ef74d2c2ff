import Testing
import WireFormats
import WorkerRules

@Suite struct QueuedMessageTests {
    @Test(arguments: 0..<40)
    func `only route and priority change, all else stays byte for byte`(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        for _ in 0..<50 {
            let draft = MessageDraft(&generator)
            let message = try QueuedMessage(decoding: draft.bytes())
            let queue = generator.pick(["q", "mail \"ü\\ 𝄞", "a.b"])
            let priority = generator.below(10)

            #expect(message.id == "the id" && message.deliveryTag == "tag \u{E9}")
            #expect(message.priority == draft.priority ?? 0)
            #expect(try message.moved(to: queue) == draft.bytes(to: queue))
            #expect(
                try message.moved(to: queue, priority: priority)
                    == draft.bytes(to: queue, priority: priority))
            #expect(try message.prioritized(priority) == draft.bytes(priority: priority))
            // Nothing to change, nothing changed; and what was written is read again.
            if let own = draft.priority { #expect(try message.prioritized(own) == message.bytes) }
            let again = try QueuedMessage(
                decoding: message.moved(to: queue, priority: priority))
            #expect(again.priority == priority)
            #expect(try again.moved(to: queue, priority: priority) == again.bytes)
        }
    }

    @Test func `what was published by the official client keeps to the rules when it is moved`()
        throws
    {
        let variants = try #require(CelerySamples.load("publish_official").object)
        var count = 0
        for variant in variants {
            for key in variant.value.object ?? [] {
                for item in key.value.array ?? [] {
                    // Not those whose body is compressed or not JSON: we write none such.
                    guard let raw = item["raw"]?.string, case let bytes = Array(raw.utf8),
                        (try? WorkerRules.checkTask(bytes, queue: key.name)) != nil
                    else { continue }
                    let message = try QueuedMessage(decoding: bytes)
                    let moved = try message.moved(to: "other", priority: 5)
                    try WorkerRules.checkTask(moved, queue: "other")
                    count += 1
                }
            }
        }
        #expect(count >= 3)
    }

    @Test func `what has harmed a real worker is not moved`() throws {
        let samples = try #require(CelerySamples.load("poison_messages").object)
        // A worker drops these with a word in its log; we do not send what no worker can run.
        let useless: Set = ["header id null", "header id number"]
        var refused = 0
        for sample in samples {
            let raw = sample.value["message"]?.string ?? sample.value["message"]?.text() ?? ""
            let log = sample.value["log"]?.text() ?? ""
            let isHarmful =
                sample.value["worker_alive_after"] == false
                || sample.value["following_task_ran"] == false
                || log.contains("Connection to broker lost") || useless.contains(sample.name)
            let problem: CeleryError?
            do throws(CeleryError) {
                _ = try QueuedMessage(decoding: Array(raw.utf8))
                problem = nil
            } catch {
                problem = error
            }
            #expect((problem != nil) == isHarmful, "\(sample.name): \(problem?.message ?? "taken")")
            refused += problem == nil ? 0 : 1
        }
        #expect(refused >= 20)
    }

    @Test(arguments: [
        ("\"content-type\": \"application/json\"", "\"content-type\": \"application/data\""),
        ("\"content-type\": \"application/json\"", "\"content-type\": null"),
        ("\"headers\": {", "\"headers\": [], \"x\": {"),
        ("\"task\": \"t\"", "\"task\": {}"),
        ("\"task\": \"t\"", "\"task\": 7"),
        ("\"exchange\": \"\"", "\"exchange\": null"),
        ("\"delivery_tag\": \"d\"", "\"delivery_tag\": \"\""),
        ("\"delivery_tag\": \"d\"", "\"delivery_tag\": \"d\", \"deliver\\u0079_tag\": 5"),
        ("\"body_encoding\": \"base64\"", "\"body_encoding\": 5"),
        ("\"retries\": 0", "\"retries\": 0, \"timelimit\": [1, 2, 3]"),
        ("\"retries\": 0", "\"retries\": 0, \"timelimit\": {}"),
        ("W1tdLCB7fSwge31d", "eyJhcmdzIjogW119"),
        ("W1tdLCB7fSwge31d", "W1tdLCB7fV0="),
        ("\"q\"}", "\"q\"}, \"delivery_info\": {}"),
    ])
    func `a message with one fault is not moved`(part: String, fault: String) throws {
        _ = try QueuedMessage(decoding: Array(Self.plain.utf8))
        let faulty = Self.plain.replacing(part, with: fault)
        #expect(faulty != Self.plain)
        #expect(throws: CeleryError.self) { try QueuedMessage(decoding: Array(faulty.utf8)) }
    }

    @Test func `protocol 1 and bodies that are not opened are moved`() throws {
        func moved(_ changes: [String: String]) throws -> Bool {
            var text = Self.plain
            for (part, other) in changes { text = text.replacing(part, with: other) }
            return try !QueuedMessage(decoding: Array(text.utf8)).moved(to: "b").isEmpty
        }
        // {"task": "t", "id": "a", "args": []}, and without its id.
        let old = "eyJ0YXNrIjogInQiLCAiaWQiOiAiYSIsICJhcmdzIjogW119"
        let noHeaders = ["\"task\": \"t\", ": "", "W1tdLCB7fSwge31d": old]
        #expect(try moved(noHeaders))
        #expect(throws: CeleryError.self) {
            try moved(["\"task\": \"t\", ": "", "W1tdLCB7fSwge31d": "eyJ0YXNrIjogInQifQ=="])
        }
        #expect(
            try moved([
                "application/json": "application/x-python-serialize",
                "W1tdLCB7fSwge31d": "gASVAA==",
            ]))
        #expect(
            try moved([
                "\"retries\": 0": "\"compression\": \"application/x-gzip\"",
                "W1tdLCB7fSwge31d": "eJyLjgUAARUAuQ==",
            ]))
    }

    @Test(arguments: [
        ("0", 0), ("9", 9), ("99", 9), ("-1", 0), ("5.9", 5), ("null", 0), ("true", 1),
        ("\"6\"", 6), ("\"six\"", 0), ("[]", 0), ("1e300", 9), ("NaN", 0),
        ("99999999999999999999", 9),
    ])
    func `the priority is read as kombu reads it`(text: String, priority: Int) throws {
        let bytes = Array(
            Self.plain.replacing("\"priority\": 0", with: "\"priority\": \(text)").utf8)
        let message = try QueuedMessage(decoding: bytes)
        #expect(message.priority == priority)
        #expect(
            try message.prioritized(3)
                == Array(Self.plain.replacing("\"priority\": 0", with: "\"priority\": 3").utf8))
    }

    @Test func `queues that are Celery's own keys, and other priorities, are refused`() throws {
        let message = try QueuedMessage(decoding: Array(Self.plain.utf8))
        for queue in ["", "unacked", "_kombu.binding.x", "a\u{6}\u{16}3"] {
            #expect(throws: CeleryError.self) { try message.moved(to: queue) }
        }
        for priority in [-1, 10] {
            #expect(throws: CeleryError.self) { try message.prioritized(priority) }
            #expect(throws: CeleryError.self) { try message.moved(to: "b", priority: priority) }
        }
    }

    @Test func `messages are moved up to their bounds`() throws {
        func message(_ count: Int) -> [UInt8] {
            let filling = String(repeating: "x", count: count - Self.plain.utf8.count)
            return Array(Self.plain.replacing("\"note\": \"", with: "\"note\": \"\(filling)").utf8)
        }
        let most = CeleryLimits.maxMovedBytes
        #expect(try QueuedMessage(decoding: message(most)).moved(to: "qq").count == most + 1)
        #expect(throws: CeleryError.self) { try QueuedMessage(decoding: message(most + 1)) }

        func digits(_ count: Int) -> [UInt8] {
            let number = String(repeating: "7", count: count)
            return Array(
                Self.plain.replacing("\"retries\": 0", with: "\"retries\": \(number)").utf8)
        }
        _ = try QueuedMessage(decoding: digits(4_300))
        #expect(throws: CeleryError.self) { try QueuedMessage(decoding: digits(4_301)) }
    }

    @Test func `bytes that are no UTF-8 are not moved`() throws {
        var bytes = Array(Self.plain.utf8)
        let place = try #require(bytes.firstRange(of: Array("note".utf8)))
        bytes.replaceSubrange(place, with: [0x6E, 0xFF, 0x74, 0x65])
        #expect(throws: CeleryError.self) { try QueuedMessage(decoding: bytes) }
    }

    @Test(arguments: 0..<8)
    func `whatever waits, it is edited soundly or refused`(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        var taken = 0
        for _ in 0..<2_000 {
            var bytes = MessageDraft(&generator).bytes()
            generator.damage(&bytes)
            guard let message = try? QueuedMessage(decoding: bytes) else { continue }
            taken += 1
            let moved = try message.moved(to: "b", priority: 7)
            let again = try QueuedMessage(decoding: moved)
            #expect(again.priority == 7 && again.id == message.id)
            #expect(again.deliveryTag == message.deliveryTag)
            #expect(try again.moved(to: "b", priority: 7) == moved)
        }
        #expect(taken > 20)
    }

    private static let plain =
        #"{"body": "W1tdLCB7fSwge31d", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"task": "t", "id": "a", "retries": 0, "note": ""}, "properties": {"delivery_info": {"exchange": "", "routing_key": "q"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "d"}}"#
}

/// A task message as some producer could write it: members in any order, with any white space and escapes,
/// and whatever else in its headers. It knows where its route and priority stand because it put them there.
private struct MessageDraft {
    private enum Piece {
        case text(String)
        case exchange, routingKey, priority, endOfRoute
    }

    /// The priority that is written; nil if none is.
    let priority: Int?
    private var pieces: [Piece] = []
    private let exchange: String
    private let routingKey: String

    init(_ generator: inout SeededGenerator) {
        priority = generator.chance(4) ? nil : generator.below(10)
        exchange = generator.chance(2) ? "" : generator.nastyText()
        routingKey = generator.chance(2) ? "old" : generator.nastyText()
        let route = Self.object(
            [
                ("exchange", [.exchange]), ("routing_key", [.routingKey]),
                ("redelivered", [.text("true")]),
            ], &generator)
        var properties: [(String, [Piece])] = [
            ("delivery_info", route + [.endOfRoute]),
            ("delivery_tag", [.text(#""tag \u00e9""#)]),
            ("body_encoding", [.text(#""base64""#)]),
            ("correlation_id", [Self.value(&generator)]),
        ]
        if priority != nil { properties.append(("priority", [.priority])) }
        var headers: [(String, [Piece])] = [
            ("task", [.text(#""t""#)]), ("id", [.text(#""the id""#)]),
            // The same names elsewhere mean nothing.
            ("priority", [Self.value(&generator)]), ("delivery_info", [.text("{}")]),
            ("properties", [.text(#"{"delivery_tag": "another"}"#)]),
        ]
        for number in 0..<generator.below(4) {
            headers.append(("x\(number)\(generator.nastyText())", [Self.value(&generator)]))
        }
        let size = generator.chance(20) ? 50_000 : generator.below(40)
        let body = "[[\"" + String(repeating: "b", count: size) + "\"], {}, {}]"
        var writer = JsonWriter(asciiOnly: true)
        writer.base64(Array(body.utf8))
        let encoded = String(decoding: writer.bytes, as: UTF8.self)
        pieces = Self.object(
            [
                ("body", [.text(encoded)]), ("content-type", [.text(#""application/json""#)]),
                ("content-encoding", [Self.value(&generator)]),
                ("headers", Self.object(headers, &generator)),
                ("properties", Self.object(properties, &generator)),
            ], &generator)
    }

    /// The message, with another route or priority if given.
    func bytes(to queue: String? = nil, priority new: Int? = nil) -> [UInt8] {
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let part): text += part
            case .exchange: text += Self.quoted(queue == nil ? exchange : "")
            case .routingKey: text += Self.quoted(queue ?? routingKey)
            case .priority: text += "\(new ?? priority ?? 0)"
            case .endOfRoute:
                if priority == nil, let new { text += ", \"priority\": \(new)" }
            }
        }
        return Array(text.utf8)
    }

    private static func object(
        _ members: [(String, [Piece])], _ generator: inout SeededGenerator
    ) -> [Piece] {
        var pieces: [Piece] = [.text("{")]
        for (index, member) in members.shuffled(using: &generator).enumerated() {
            let name = quoted(member.0, escaped: generator.chance(4))
            let (before, between) = (space(&generator), space(&generator))
            pieces.append(.text("\(index == 0 ? "" : ",")\(before)\(name)\(between):"))
            pieces += member.1
            pieces.append(.text(space(&generator)))
        }
        return pieces + [.text("}")]
    }

    private static func value(_ generator: inout SeededGenerator) -> Piece {
        .text(generator.jsonValue(depth: 3).text(asciiOnly: generator.chance(2)))
    }

    private static func space(_ generator: inout SeededGenerator) -> String {
        generator.pick(["", " ", "\n", "\t ", "\r\n  "])
    }

    /// A text in quotes as we write it, or with its first character as `\uXXXX`.
    private static func quoted(_ text: String, escaped: Bool = false) -> String {
        let plain = JsonValue.string(text).text(asciiOnly: true)
        guard escaped, let first = text.utf8.first, first < 0x80, first >= 0x30 else {
            return plain
        }
        return "\"\\u00" + String(first, radix: 16) + plain.dropFirst(2)
    }
}
