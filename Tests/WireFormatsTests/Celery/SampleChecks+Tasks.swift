import Fleet
import Testing
import WireFormats

extension SampleChecks {
    private static func bytes(_ value: JsonValue) -> [UInt8] {
        Array(value.text(asciiOnly: true).utf8)
    }

    private static func expectResult(_ stored: JsonValue, id: String) {
        let result = ResultDecoder.decode(bytes(stored), id: id)
        #expect(result?.status == stored["status"]?.string)
    }

    /// Reads a waiting message and compares what can be shown of it with its headers.
    private static func expectPreview(_ message: JsonValue, _ name: String) throws {
        let preview = try MessagePreview(decoding: bytes(message))
        let headers = message["headers"] ?? .null
        let properties = message["properties"] ?? .null
        #expect(preview.id == headers["id"]?.string, "\(name)")
        #expect(preview.task == headers["task"]?.string, "\(name)")
        #expect(preview.eta == headers["eta"]?.string, "\(name)")
        #expect(preview.expires == headers["expires"]?.string, "\(name)")
        #expect(preview.args == headers["argsrepr"]?.string, "\(name)")
        #expect(preview.timeLimit == headers["timelimit"]?.array?.first?.double, "\(name)")
        #expect(preview.deliveryTag == properties["delivery_tag"]?.string, "\(name)")
        #expect(
            preview.routingKey == properties["delivery_info"]?["routing_key"]?.string, "\(name)")
        #expect(preview.body != nil, "\(name)")
    }

    /// Messages with parts left out: all can be shown, and the results of those that ran are read.
    static func minimalTasks(_ sample: JsonValue) throws -> Int {
        var ran = 0
        for variant in try #require(sample.object) {
            let message = try #require(variant.value["message"])
            try expectPreview(message, variant.name)
            guard let result = variant.value["result"], !result.isNull else { continue }
            expectResult(result, id: try #require(result["task_id"]?.string))
            ran += 1
        }
        #expect(ran >= 25)
        return ran
    }

    /// Messages with links, chains, times and limits: shown, written again by us with the same
    /// meaning, and the results they led to are read.
    static func canvas(_ sample: JsonValue) throws -> Int {
        var read = 0
        for variant in try #require(sample.object) {
            let envelope = try #require(variant.value["message"])
            let body = try #require(variant.value["body"])
            try expectPreview(envelope, variant.name)
            let message = try MessageLikeness.message(like: envelope, body: body)
            let isOnItsKey = !["priority 9 wrong key (base list)", "priority 5 on odd step key"]
                .contains(variant.name)
            try MessageLikeness.expect(
                message, means: envelope, body,
                key: isOnItsKey ? variant.value["LPUSH key"]?.string : nil, variant.name)
            for result in try #require(variant.value["results"]?.object)
            where !result.value.isNull {
                expectResult(result.value, id: result.name)
            }
            for item in variant.value["queue otherq"]?.array ?? [] {
                try expectPreview(item, variant.name)
            }
            read += 1
        }
        return read
    }

    /// A task that retries itself: both messages, the entries of `unacked`, and what was stored and
    /// announced of it.
    static func retryRepublish(_ sample: JsonValue) throws -> Int {
        let id = try #require(sample["task_id"]?.string)
        let sent = try #require(sample["sent"])
        try expectPreview(sent, "sent")
        var attempts: [Int?] = []
        var held = 0
        var states: [String] = []
        for command in try #require(sample["commands"]?.array) {
            let text = unescaped(try #require(command.array?[1].string))
            let words = text.split(separator: " ", maxSplits: 1)
            let start = try #require(words.last?.firstIndex { $0 == "{" || $0 == "[" })
            let key = words[1][..<start].split(separator: " ")[0]
            let payload = Array(words[1][start...].utf8)
            switch words[0] {
            case "LPUSH":
                let preview = try MessagePreview(decoding: payload)
                #expect(preview.id == id)
                #expect(preview.priority == 3)
                #expect(Array(key.utf8) == QueueKeys.key("celery", step: 3))
                attempts.append(preview.retries)
            case "HSET":
                #expect(QueueKeys.origin(ofUnacked: payload)?.routingKey == "celery")
                #expect(try UnackedEntry(decoding: payload).message.id == id)
                held += 1
            default:
                #expect(Array(key.utf8) == ResultKeys.task(id))
                states.append(try #require(ResultDecoder.decode(payload, id: id)).status)
            }
        }
        #expect(attempts == [0, 1])
        #expect(held == 2)
        #expect(states == ["RETRY", "RETRY", "SUCCESS", "SUCCESS"])
        return attempts.count + held + states.count
    }
}
