import Testing
import WireFormats
import WorkerRules

struct TaskMessageTests {
    private func body(_ payload: [UInt8]) throws -> JsonValue {
        try Envelope(decoding: payload).json()
    }

    @Test func `whatever goes in, no message that harms a worker comes out`() throws {
        var generator = SeededGenerator(31)
        var accepted = 0
        var refused = 0
        for _ in 0..<100_000 {
            let message = generator.taskMessage()
            do {
                let payload = try message.encoded()
                accepted += 1
                try WorkerRules.checkTask(payload, queue: message.queue)
                if accepted % 10 == 0 {
                    try WorkerRules.checkEvent(
                        message.encodedSentEvent(
                            hostname: "gen1@h", timestamp: 1.5, pid: 1, deliveryTag: "t"))
                }
            } catch is CeleryError {
                refused += 1
            }
        }
        // Both sides were walked, so the property says something.
        #expect(accepted > 5000)
        #expect(refused > 5000)
    }

    @Test func `the rules refuse each captured message that harmed a worker`() throws {
        let harmless: Set<String> = [
            "control: full message", "timelimit ok", "ignore_result true", "unregistered task",
            "extra header", "eta Z past", "eta +00:00 past", "expires past",
            "expires future Z", "lang swift",
        ]
        for sample in try #require(CelerySamples.load("poison_messages").object) {
            let value = try #require(
                sample.value["message"] ?? sample.value["raw"], "\(sample.name)")
            let bytes = Array((value.string ?? value.text(asciiOnly: true)).utf8)
            if harmless.contains(sample.name) {
                #expect(throws: Never.self, "\(sample.name)") {
                    try WorkerRules.checkTask(bytes, queue: "pq")
                }
            } else {
                #expect(throws: (any Error).self, "\(sample.name)") {
                    try WorkerRules.checkTask(bytes, queue: "pq")
                }
            }
        }
    }

    @Test func `what the official client sent is written again with the same meaning`() throws {
        var compared = 0
        for variant in try #require(CelerySamples.load("publish_official").object) {
            for key in try #require(variant.value.object) {
                for item in key.value.array ?? [] {
                    guard let envelope = item["parsed"], let body = item["body_decoded"],
                        envelope["content-type"]?.string == "application/json",
                        envelope["headers"]?["compression"] == nil,
                        envelope["properties"]?["delivery_info"]?["exchange"]?.string == "",
                        // Protocol 1 has an object for a body.
                        body.array != nil,
                        // Only Celery writes typed values.
                        !body.text().contains("__type__"),
                        // Without a zone the worker's own setting decides, so we refuse to write it.
                        variant.name != "eta_naive",
                        // The client lets 99 through; it counts as 9, so we refuse to write it.
                        envelope["properties"]?["priority"]?.integer ?? 0 <= 9
                    else { continue }
                    let message = try MessageLikeness.message(like: envelope, body: body)
                    try MessageLikeness.expect(
                        message, means: envelope, body, key: key.name, variant.name)
                    compared += 1
                }
            }
        }
        #expect(compared >= 10, "\(compared)")
    }

    @Test func `a chain is written last step first, and callbacks keep their options`() throws {
        var message = TaskMessage(task: "a", id: "1", deliveryTag: "t")
        message.chain = [Signature("b", taskID: "2"), Signature("c", taskID: "3")]
        message.callbacks = [
            Signature(
                "d", args: ["x"], queue: "q3", priority: 5, isImmutable: true,
                errbacks: [Signature("e")])
        ]
        let embed = try #require(try body(message.encoded()).array?[2])
        #expect(embed["chain"]?.array?.compactMap { $0["task"]?.string } == ["c", "b"])
        let callback = try #require(embed["callbacks"]?.array?.first)
        #expect(callback["immutable"] == true)
        #expect(callback["options"]?["queue"] == "q3")
        #expect(callback["options"]?["link_error"]?.array?.first?["task"] == "e")
        message.chain[0].taskID = nil
        #expect(throws: CeleryError.self) { try message.encoded() }
    }

    private func refusal(_ change: (inout TaskMessage) -> Void) -> CeleryError? {
        var message = TaskMessage(task: "wapp.add", id: "1", deliveryTag: "t")
        change(&message)
        do throws(CeleryError) {
            _ = try message.encoded()
            return nil
        } catch {
            return error
        }
    }

    @Test func `each wrong value is refused by the name of its field`() {
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.task = "" }?.field == "task")
        #expect(refusal { $0.id = "" }?.field == "id")
        #expect(refusal { $0.deliveryTag = "" }?.field == "deliveryTag")
        #expect(refusal { $0.queue = "unacked" }?.field == "queue")
        #expect(refusal { $0.priority = 10 }?.field == "priority")
        #expect(refusal { $0.eta = "tomorrow" }?.field == "eta")
        #expect(refusal { $0.expires = "2026-01-01T00:00:00" }?.field == "expires")
        #expect(refusal { $0.timeLimit = 0 }?.field == "timeLimit")
        #expect(refusal { $0.softTimeLimit = .nan }?.field == "softTimeLimit")
        #expect(refusal { $0.args = [1, [.number(.infinity)]] }?.field == "args[1][0]")
        #expect(refusal { $0.args = [["__type__": "x"]] }?.field == "args[0]")
        #expect(
            refusal { $0.kwargs = [JsonMember("a", 1), JsonMember("a", 2)] }?.field == "kwargs")
        #expect(refusal { $0.headers = [JsonMember("id", "2")] }?.field == "headers")
        #expect(refusal { $0.chord = Signature("a") }?.field == "chord")
        #expect(refusal { $0.retries = -1 }?.field == "retries")
    }

    @Test func `every bound holds at the bound and refuses one more`() {
        let name = CeleryLimits.maxNameBytes
        #expect(refusal { $0.task = String(repeating: "x", count: name) } == nil)
        #expect(refusal { $0.task = String(repeating: "x", count: name + 1) }?.code == .tooLarge)
        #expect(refusal { $0.id = String(repeating: "x", count: CeleryLimits.maxIDBytes) } == nil)
        #expect(
            refusal { $0.id = String(repeating: "x", count: CeleryLimits.maxIDBytes + 1) }?.code
                == .tooLarge)
        func nested(_ depth: Int) -> JsonValue { (0..<depth).reduce(1) { value, _ in [value] } }
        #expect(refusal { $0.args = [nested(CeleryLimits.maxArgumentDepth)] } == nil)
        #expect(
            refusal { $0.args = [nested(CeleryLimits.maxArgumentDepth + 1)] }?.code == .tooLarge)
        let many = Array(repeating: Signature("a"), count: CeleryLimits.maxSignatures)
        #expect(refusal { $0.callbacks = many } == nil)
        #expect(refusal { $0.callbacks = many + [Signature("a")] }?.code == .tooLarge)
        let headers = (0..<CeleryLimits.maxHeaders).map { JsonMember("x\($0)", nil) }
        #expect(refusal { $0.headers = headers } == nil)
        #expect(refusal { $0.headers = headers + [JsonMember("y", nil)] }?.code == .tooLarge)
        // [[""],{},{…}] round the text.
        let frame = #"[[""],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]"#.utf8
            .count
        let text = String(repeating: "x", count: CeleryLimits.maxTaskBodyBytes - frame)
        #expect(refusal { $0.args = [.string(text)] } == nil)
        #expect(refusal { $0.args = [.string(text + "x")] }?.code == .tooLarge)
        func callbacks(_ depth: Int) -> Signature {
            (1..<depth).reduce(Signature("a")) { inner, _ in Signature("a", callbacks: [inner]) }
        }
        #expect(refusal { $0.callbacks = [callbacks(CeleryLimits.maxSignatureDepth)] } == nil)
        #expect(
            refusal { $0.callbacks = [callbacks(CeleryLimits.maxSignatureDepth + 1)] }?.code
                == .tooLarge)
        let digits = String(repeating: "9", count: 4300)
        #expect(refusal { $0.args = [.bigInteger(digits)] } == nil)
        #expect(refusal { $0.args = [.bigInteger(digits + "9")] }?.code == .tooLarge)
    }

    @Test func `arguments can be hidden from monitors`() throws {
        var message = TaskMessage(task: "a", id: "1", deliveryTag: "t")
        message.args = ["secret", 2]
        message.kwargs = [JsonMember("card", "secret")]
        message.reprDetail = .hidden
        let headers = try Envelope(decoding: message.encoded()).headers
        #expect(headers["argsrepr"] == "(<2 hidden>)")
        #expect(headers["kwargsrepr"] == "{'card': '<hidden>'}")
        let event = try Envelope(
            decoding: message.encodedSentEvent(
                hostname: "h", timestamp: 1, pid: 1, deliveryTag: "t")
        ).json()
        #expect(!event.text().contains("secret"))
    }

    @Test func `a preview tells what was written`() throws {
        var message = TaskMessage(task: "wapp.add", id: "7", deliveryTag: "tag")
        message.args = [1]
        message.priority = 5
        message.eta = "2026-11-23T19:26:05+00:00"
        message.timeLimit = 30
        message.queue = "mail"
        let payload = try message.encoded()
        let preview = try MessagePreview(decoding: payload)
        #expect(preview.task == "wapp.add")
        #expect(preview.id == "7")
        #expect(preview.args == "(1,)")
        #expect(preview.priority == 5)
        #expect(preview.eta == message.eta)
        #expect(preview.timeLimit == 30)
        #expect(preview.routingKey == "mail")
        #expect(preview.size == payload.count)
        #expect(message.key() == Array("mail\u{6}\u{16}3".utf8))
    }
}
