import Fleet
import Testing
import WireFormats

struct QueueKeysTests {
    @Test(arguments: [
        (-1, 0), (0, 0), (1, 0), (2, 0), (3, 3), (5, 3), (6, 6), (8, 6), (9, 9), (99, 9),
    ])
    func `each priority has its step`(priority: Int, step: Int) {
        #expect(QueueKeys.step(priority) == step)
    }

    @Test func `keys carry the step behind the separator and read back`() throws {
        #expect(QueueKeys.key("mail", step: 0) == Array("mail".utf8))
        #expect(QueueKeys.key("mail", step: 3, prefix: "p:") == Array("p:mail\u{6}\u{16}3".utf8))
        #expect(QueueKeys.keys("q").count == 4)
        let naming = QueueNaming(steps: [0, 5], separator: Array(":".utf8))
        #expect(QueueKeys.key("mail", step: 5, naming: naming) == Array("mail:5".utf8))
        let binding = QueueKeys.binding(Array("rk::q".utf8), exchange: "x", naming: naming)
        #expect(binding?.queue == "q")
        #expect(binding?.routingKey == "rk")
        for step in QueueKeys.prioritySteps {
            let key = QueueKeys.key("a.b", step: step, prefix: "p:")
            let parsed = try #require(QueueKeys.parse(key: key, prefix: "p:"))
            #expect(parsed.queue == "a.b")
            #expect((parsed.step ?? 0) == step)
        }
        #expect(QueueKeys.parse(key: Array("q".utf8), prefix: "p:") == nil)
    }

    @Test func `binding members are read`() {
        let direct = QueueKeys.binding(
            QueueKeys.member(routingKey: "rk", queue: "q"), exchange: "x")
        #expect(direct == QueueBinding(exchange: "x", routingKey: "rk", pattern: "", queue: "q"))
        let topic = QueueKeys.binding(
            Array("news.#\u{6}\u{16}^news\\..*?$\u{6}\u{16}tq".utf8), exchange: "x")
        #expect(
            topic
                == QueueBinding(
                    exchange: "x", routingKey: "news.#", pattern: "^news\\..*?$", queue: "tq"))
        for bad in ["", "q", "a\u{6}\u{16}b", "a\u{6}\u{16}\u{6}\u{16}"] {
            #expect(QueueKeys.binding(Array(bad.utf8), exchange: "x") == nil)
        }
    }

    @Test(arguments: [
        ("news.#", "news.sport.uk", true), ("news.#", "news", false), ("news.#", "news.", true),
        ("*.sport", "news.sport", true), ("*.sport", "a.b.sport", false), ("*.x", ".x", false),
        ("#", "a.b", true), ("a.#.z", "a.b.c.z", true), ("a.#.z", "a.z", false), ("a", "a", true),
        ("a", "b", false),
    ])
    func `topics match by kombu's rule`(binding: String, key: String, takes: Bool) {
        #expect(QueueKeys.topic(binding, takes: key) == takes)
    }

    @Test func `names that would break workers are refused`() {
        for name in [
            "", "unacked", "unacked_index", "unacked_mutex", "_kombu.binding.x", "a\u{6}\u{16}3",
            "x.reply.celery.pidbox", "celery-task-meta-1", "celery-taskset-meta-1", "a\nb",
            "celeriac.once.x", "celeriac.trash.x.0",
            String(repeating: "x", count: CeleryLimits.maxNameBytes + 1),
        ] {
            #expect(QueueKeys.refusal(queue: name) != nil, "\(name)")
        }
        for name in [
            "celery", "default", "celeriac.", "celeriac.mail", "a b", "é",
            String(repeating: "x", count: CeleryLimits.maxNameBytes),
        ] {
            #expect(QueueKeys.refusal(queue: name) == nil, "\(name)")
        }
    }

    @Test func `held messages belong to the queue that their exchange led to`() {
        func binding(_ exchange: String, _ key: String, _ pattern: String, _ queue: String)
            -> QueueBinding
        {
            QueueBinding(exchange: exchange, routingKey: key, pattern: pattern, queue: queue)
        }
        let bindings = [
            binding("media", "video", "", "q-video"), binding("media", "audio", "", "q-audio"),
            binding("news", "news.*", "news\\.[^.]+", "q-news"),
            binding("copies", "all", "", "q-one"), binding("copies", "all", "", "q-two"),
        ]
        func origin(_ exchange: String, _ key: String) -> MessageOrigin {
            MessageOrigin(exchange: exchange, routingKey: key)
        }

        let counts = UnackedCounts(
            [
                origin("", "q-video"): 1, origin("media", "video"): 2,
                origin("news", "news.sport"): 3, origin("copies", "all"): 4,
                origin("gone", "x"): 5,
            ], bindings: bindings)

        #expect(counts["q-video"] == 3)
        #expect(counts["q-audio"] == 0)
        #expect(counts["q-news"] == 3)
        #expect(counts["q-one"] == nil && counts["q-two"] == nil)
    }

    @Test func `captured unacked entries tell queue and message`() throws {
        let sample = try CelerySamples.load("unacked")
        let entries = try #require(sample["HGETALL unacked"]?.object)
        #expect(!entries.isEmpty)
        for entry in entries {
            let bytes = Array(entry.value.text(asciiOnly: true).utf8)
            #expect(
                QueueKeys.origin(ofUnacked: bytes)
                    == MessageOrigin(exchange: "", routingKey: "celery"))
            let read = try UnackedEntry(decoding: bytes)
            #expect(read.routingKey == "celery")
            #expect(read.message.deliveryTag == entry.name)
            #expect(read.message.id?.isEmpty == false)
            #expect(read.message.task?.hasPrefix("wapp.") == true)
        }
        #expect(
            QueueKeys.origin(ofUnacked: Array(#"[{}, "x", "rk"]"#.utf8))
                == MessageOrigin(exchange: "x", routingKey: "rk"))
        #expect(QueueKeys.origin(ofUnacked: Array(#"[{}, "", ""]"#.utf8)) == nil)
        for bad in ["", "[]", "{}", "[{}, 1, 2]", #"[{}, ""]"#, "[7, \"\", \"q\"]"] {
            #expect(throws: CeleryError.self) { try UnackedEntry(decoding: Array(bad.utf8)) }
        }
    }

    /// kombu's `steps[bisect(steps, n) - 1]`, clamped to 0 to 9 before.
    @Test(arguments: [
        ([0, 3, 6, 9], [0, 0, 0, 3, 3, 3, 6, 6, 6, 9]), ([0], Array(repeating: 0, count: 10)),
        (Array(0...9), Array(0...9)), ([2, 5], [5, 5, 2, 2, 2, 5, 5, 5, 5, 5]),
    ])
    func `a priority goes to the greatest step not above it`(steps: [Int], expected: [Int]) {
        let naming = QueueNaming(steps: steps, separator: [0x06, 0x16])
        #expect((0...9).map { QueueKeys.step($0, naming: naming) } == expected)
        #expect(QueueKeys.step(-4, naming: naming) == expected[0])
        #expect(QueueKeys.step(99, naming: naming) == expected[9])
    }

    @Test func `steps and separators are read as they are written`() {
        #expect(QueueNaming.steps("0,3,6,9") == [0, 3, 6, 9])
        #expect(QueueNaming.steps("0, 5") == [0, 5])
        #expect(QueueNaming.steps("0,1,2,3,4,5,6,7,8,9") == Array(0...9))
        for wrong in ["", "3,0", "0,0", "0,10", "-1,0", "0,,3", "a", "0,1,2,3,4,5,6,7,8,9,10"] {
            #expect(QueueNaming.steps(wrong) == nil, "\(wrong)")
        }
        #expect(QueueNaming.separator(#"\x06\x16"#) == [0x06, 0x16])
        #expect(QueueNaming.separator(":") == Array(":".utf8))
        #expect(QueueNaming.separator(#"a\x5cb"#) == Array(#"a\b"#.utf8))
        let longest = String(repeating: "x", count: QueueNaming.maxSeparatorBytes)
        #expect(QueueNaming.separator(longest)?.count == QueueNaming.maxSeparatorBytes)
        for wrong in ["", #"\"#, #"\x0"#, #"\n"#, #"\xzz"#, longest + "x"] {
            #expect(QueueNaming.separator(wrong) == nil, "\(wrong)")
        }
    }
}
