import Fleet
import Testing
import WireFormats

extension SampleChecks {
    /// Every member of every binding table is read, and those that a queue of its own has are written
    /// the same way by us.
    static func bindingTables(_ sample: JsonValue) throws -> Int {
        var read = 0
        for table in try #require(sample.object) where table.value["type"] == "set" {
            let start = [QueueKeys.permanentPrefix, QueueKeys.bindingPrefix]
                .first(where: table.name.hasPrefix)
            let exchange = String(table.name.dropFirst(try #require(start).count))
            for member in try #require(table.value["value"]?.array) {
                let bytes = Array(try #require(member.string).utf8)
                let binding = try #require(QueueKeys.binding(bytes, exchange: exchange))
                #expect(binding.exchange == exchange)
                #expect(!binding.queue.isEmpty)
                if binding.pattern.isEmpty {
                    #expect(
                        QueueKeys.member(routingKey: binding.routingKey, queue: binding.queue)
                            == bytes)
                }
                read += 1
            }
        }
        let topic = try #require(sample["_kombu.binding.topicx"]?["value"]?.array?.first?.string)
        let binding = QueueKeys.binding(Array(topic.utf8), exchange: "topicx")
        #expect(binding?.routingKey == "news.#" && binding?.queue == "topicq")
        return read
    }

    /// Keys and channels of a broker and a backend with a prefix.
    static func prefixedKeys(_ sample: JsonValue) throws -> Int {
        let prefix = "pfx:"
        #expect(sample["broker transport option"] == .string("global_keyprefix=\(prefix)"))
        var read = 0
        for key in try #require(sample["keys db0"]?.object) {
            let parsed = try #require(QueueKeys.parse(key: Array(key.name.utf8), prefix: prefix))
            #expect(parsed.queue == String(key.name.dropFirst(prefix.count)))
            #expect(QueueKeys.refusal(queue: parsed.queue) != nil, "kombu's own key")
            read += 1
        }
        // Other keys in the same database belong to another app.
        for key in try #require(sample["kombu keys"]?.array).compactMap(\.string) {
            let parsed = QueueKeys.parse(key: Array(key.utf8), prefix: prefix)
            #expect((parsed != nil) == key.hasPrefix(prefix))
            read += 1
        }
        let names =
            try #require(sample["result keys db1"]?.array)
            + (sample["pubsub channels"]?.array ?? []).suffix(1)
        for name in names.compactMap(\.string) {
            let key = Array(name.utf8)
            let found = ResultKeys.taskID(key.span, prefix: ResultKeys.prefix(for: prefix))
            let id = try #require(found)
            #expect(ResultKeys.task(id, prefix: prefix) == key)
            read += 1
        }
        return read
    }

    /// The keys that a purge touches are the keys of a queue, and its bindings are as we write them.
    static func purgeAndRouting(_ sample: JsonValue) throws -> Int {
        func words(_ name: String) throws -> [[UInt8]] {
            try #require(sample[name]?.array).compactMap(\.string).map {
                Array(unescaped($0).utf8)
            }
        }
        let keys = QueueKeys.keys("pgq")
        let purge = try words("purge_commands")
        for key in keys {
            #expect(purge.contains(Array("LLEN ".utf8) + key))
            #expect(purge.contains(Array("DEL ".utf8) + key))
        }
        #expect(Set(purge).count == 2 * keys.count)
        let routing = try words("routing_commands")
        for table in [QueueKeys.bindingPrefix, QueueKeys.permanentPrefix] {
            let member = QueueKeys.member(routingKey: "celery", queue: "celery")
            #expect(routing.contains(Array("SADD \(table)celery ".utf8) + member))
        }
        return keys.count + 2
    }

    /// Messages came out in the order of our steps, and within a step in the order they went in.
    static func priorityOrder(_ sample: JsonValue) throws -> Int {
        func pairs(_ name: String) throws -> [[Int]] {
            try #require(sample[name]?.array).map {
                ($0.array ?? []).compactMap { $0.integer.map(Int.init) }
            }
        }
        let pushed = try pairs("pushed (priority, seq) oldest first")
        let expected = pushed.sorted {
            (QueueKeys.step($0[0]), $0[1]) < (QueueKeys.step($1[0]), $1[1])
        }
        #expect(try pairs("received") == expected)
        #expect(try pairs("started") == expected)
        return pushed.count
    }

    /// Saved groups, running chords and the results of their tasks.
    static func groupsAndChords(_ sample: JsonValue) throws -> Int {
        var read = 0
        for phase in try #require(sample.object) {
            for key in try #require(phase.value.object) {
                guard let value = key.value["value"]?.string else { continue }
                let name = Array(key.name.utf8)
                if let id = ResultKeys.taskID(name.span) {
                    let result = ResultDecoder.decode(Array(value.utf8), id: id)
                    let status = try JsonReader.parse(Array(value.utf8), limits: .celery)["status"]
                    #expect(result?.status == status?.string)
                    read += 1
                } else if key.name.hasSuffix(".s") {
                    #expect(Int(value) == 2)
                    read += 1
                } else if !key.name.hasSuffix(".c") {
                    let members = SavedGroup.members(decoding: Array(value.utf8), limit: 10)
                    #expect(members?.count == 2)
                    #expect(SavedGroup.members(decoding: Array(value.utf8), limit: 1)?.count == 1)
                    for id in try #require(members) {
                        let stored = String(decoding: ResultKeys.task(id), as: UTF8.self)
                        #expect(phase.value[stored] != nil)
                    }
                    read += 1
                }
            }
        }
        let group = "e0f4d17c-8ed7-4dd3-b152-3baabb96d220"
        let running = try #require(sample["chord mid-flight (1 of 2 done)"])
        for key in [ResultKeys.chord(group).results, ResultKeys.chord(group).size] {
            #expect(running[String(decoding: key, as: UTF8.self)] != nil)
        }
        return read
    }

    /// Undoes how MONITOR shows bytes, as far as the captures have them.
    static func unescaped(_ text: String) -> String {
        text.replacing("\\x06", with: "\u{6}").replacing("\\x16", with: "\u{16}")
            .replacing("\\\\", with: "\\")
    }
}
