import Fleet
import Testing
import WireFormats

struct ResultTests {
    private func decode(_ value: JsonValue, id: String = "id") -> TaskResult? {
        ResultDecoder.decode(Array(value.text(asciiOnly: true).utf8), id: id)
    }

    @Test func `every captured result is read`() throws {
        var states: Set<String> = []
        for sample in try #require(CelerySamples.load("results").object) {
            // `big` is cut in the fixture; tasks without a result have no value.
            guard let raw = sample.value["value_raw"]?.string, let value = sample.value["value"],
                value.object != nil
            else { continue }
            let id = try #require(value["task_id"]?.string)
            let result = try #require(
                ResultDecoder.decode(Array(raw.utf8), id: id), "\(sample.name)")
            states.insert(result.status)
            #expect(result.id == id)
            #expect(result.status == value["status"]?.string)
            #expect(
                result.traceback
                    == value["traceback"]?.string.map {
                        String($0.prefix(result.traceback?.count ?? 0))
                    })
            #expect(
                (result.dateDone == nil) == (value["date_done"]?.isNull ?? true), "\(sample.name)")
            if sample.name == "success" { #expect(result.text == "3") }
            if sample.name == "failure" { #expect(result.text == "ValueError('kaboom')") }
            if sample.name == "expired" { #expect(result.text == "TaskRevokedError('expired')") }
            if sample.name == "timelimit" { #expect(result.text == "TimeLimitExceeded(1)") }
            if sample.name == "in_group" { #expect(result.groupID == value["group_id"]?.string) }
        }
        #expect(states.isSuperset(of: ["SUCCESS", "FAILURE", "REVOKED"]))
    }

    @Test func `every captured announcement is read, progress too`() throws {
        var progress = 0
        var read = 0
        for item in try #require(CelerySamples.load("result_pubsub").array) {
            let channel = Array(try #require(item["channel"]?.string).utf8)
            let found = ResultKeys.taskID(channel.span)
            let id = try #require(found)
            let data = Array(try #require(item["data"]?.string).utf8)
            // One long value is cut in the fixture.
            guard data.last == UInt8(ascii: "}") else { continue }
            let result = try #require(ResultDecoder.decode(data, id: id))
            read += 1
            if result.progress != nil { progress += 1 }
        }
        #expect(progress > 0)
        #expect(read == 20)
    }

    @Test func `custom and started states keep their meta`() {
        let custom = decode([
            "status": "PROGRESS", "result": ["current": 3, "total": 9], "date_done": nil,
        ])
        #expect(custom?.progress == #"{"current":3,"total":9}"#)
        #expect(custom?.text == nil)
        let started = decode(["status": "STARTED", "result": ["pid": 7, "hostname": "a@h"]])
        #expect(started?.pid == 7)
        #expect(started?.hostname == "a@h")
    }

    @Test func `children are told of tasks, groups and chains`() {
        let result = decode([
            "status": "SUCCESS", "result": 1,
            "children": [
                [["a", nil], nil], [["g", nil], [[["b", nil], nil], [["c", "a"], nil]]], 7, [],
            ],
        ])
        #expect(result?.children == ["a", "b", "c"])
    }

    @Test func `other serializers show their state, kind and size`() {
        func bytes(_ text: String) -> [UInt8] {
            text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        }
        let pickle = bytes(
            "\u{80}\u{4}\u{95}\u{9D}\0\0\0\0\0\0\0}\u{94}(\u{8C}\u{6}status\u{94}\u{8C}\u{7}SUCCESS\u{94}"
        )
        #expect(ResultDecoder.form(pickle) == .pickle)
        #expect(ResultDecoder.decode(pickle, id: "1")?.status == "SUCCESS")
        #expect(ResultDecoder.decode(pickle, id: "1")?.text == "<pickle, \(pickle.count) bytes>")
        let msgpack = bytes("\u{86}\u{A6}status\u{A7}FAILURE\u{A6}result")
        #expect(ResultDecoder.form(msgpack) == .msgpack)
        #expect(ResultDecoder.decode(msgpack, id: "1")?.status == "FAILURE")
        let yaml = bytes("children: []\nresult: 3\nstatus: SUCCESS\n")
        #expect(ResultDecoder.form(yaml) == .yaml)
        #expect(ResultDecoder.decode(yaml, id: "1")?.status == "SUCCESS")
        let packed = [0] + bytes("celery-compressed\0application/x-gzip\0") + [0x78, 0x9C]
        #expect(ResultDecoder.form(packed) == .compressed)
        #expect(ResultDecoder.decode(packed, id: "1")?.status == "")
        #expect(
            ResultDecoder.decode(packed, id: "1")?.text == "<compressed, \(packed.count) bytes>")
        for broken in ["", "{", "{}", "[]", "\u{FF}", #"{"status":7}"#] {
            let result = ResultDecoder.decode(bytes(broken), id: "1")
            #expect(result?.status == "")
            #expect(result?.text?.hasSuffix(", \(bytes(broken).count) bytes>") == true)
        }
    }

    /// A long result, or one that looks like a state, comes before the state in YAML.
    @Test func `the state of a YAML value is found behind its result`() {
        let long = String(repeating: "x", count: 100_000)
        for result in [long, "\"status: FAILURE\"", "|\n  status: FAILURE"] {
            let text = "children: []\nresult: \(result)\nstatus: SUCCESS\ntask_id: 7\n"
            #expect(ResultDecoder.decode(Array(text.utf8), id: "7")?.status == "SUCCESS")
        }
        let none = ResultDecoder.decode(Array("result: \(long)\n".utf8), id: "7")
        #expect(none?.status == "")
        #expect(none?.text == "<YAML, 100009 bytes>")
    }

    @Test func `values captured from other serializers are read`() throws {
        let expected = [
            "pickle": ("SUCCESS", "pickle"), "pickle-failure": ("FAILURE", "pickle"),
            "yaml": ("SUCCESS", "YAML"), "yaml-failure": ("FAILURE", "YAML"),
            "msgpack": ("SUCCESS", "msgpack"), "msgpack-failure": ("FAILURE", "msgpack"),
            "extended": ("SUCCESS", "JSON"), "extended-failure": ("FAILURE", "JSON"),
            "result_compression=gzip": ("", "compressed"),
            "result_compression=gzip-failure": ("", "compressed"),
        ]
        var read = 0
        let samples = try #require(CelerySamples.load("results_other_serializers").object)
        for sample in samples {
            guard let text = sample.value["raw_repr"]?.string else { continue }
            let bytes = try #require(Self.bytes(ofRepr: text), "\(sample.name)")
            let (status, form) = try #require(expected[sample.name], "\(sample.name)")
            let result = try #require(ResultDecoder.decode(bytes, id: "7"))
            #expect(result.status == status, "\(sample.name)")
            if form != "JSON" {
                #expect(result.text == "<\(form), \(bytes.count) bytes>", "\(sample.name)")
            }
            read += 1
        }
        #expect(read == samples.count)
        #expect(read >= 4)
    }

    /// The bytes of Python's `repr(bytes)`.
    private static func bytes(ofRepr text: String) -> [UInt8]? {
        guard text.hasPrefix("b'") || text.hasPrefix("b\"") else { return nil }
        var bytes: [UInt8] = []
        var rest = text.dropFirst(2).dropLast().utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            switch escaped {
            case UInt8(ascii: "x"):
                guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            default: bytes.append(escaped)
            }
        }
        return bytes
    }

    @Test(arguments: [
        ("", ""), ("pfx", "pfx_"), ("pfx:", "pfx:"), ("pfx_", "pfx_"), ("pfx-", "pfx-"),
        ("a.", "a."),
    ])
    func `the prefix of results gets its separator`(setting: String, prefix: String) {
        #expect(ResultKeys.prefix(for: setting) == prefix)
        let key = ResultKeys.task("7", prefix: prefix)
        #expect(key == Array("\(prefix)celery-task-meta-7".utf8))
        let id = ResultKeys.taskID(key.span, prefix: prefix)
        #expect(id == "7")
    }

    @Test func `long texts are cut at their bound`() throws {
        let exact = decode([
            "status": "SUCCESS",
            "result": .string(String(repeating: "x", count: CeleryLimits.maxReprBytes - 2)),
        ])
        #expect(exact?.text?.utf8.count == CeleryLimits.maxReprBytes)
        let over = decode([
            "status": "SUCCESS",
            "result": .string(String(repeating: "é", count: CeleryLimits.maxReprBytes)),
        ])
        #expect(over?.text?.hasSuffix("…") == true)
        #expect(try #require(over?.text).utf8.count <= CeleryLimits.maxReprBytes + 3)
        #expect(
            decode(
                ["status": "SUCCESS"], id: String(repeating: "x", count: CeleryLimits.maxIDBytes))
                != nil)
        #expect(
            decode(
                ["status": "SUCCESS"],
                id: String(repeating: "x", count: CeleryLimits.maxIDBytes + 1)) == nil)
    }

    @Test func `random damage never traps`() throws {
        var generator = SeededGenerator(21)
        let seeds = try #require(CelerySamples.load("result_pubsub").array).compactMap {
            $0["data"]?.string
        }
        for _ in 0..<20_000 {
            var bytes = Array(generator.pick(seeds).utf8)
            generator.damage(&bytes)
            let result = ResultDecoder.decode(bytes, id: "1")
            // Damage may hide the state, but not that there is a value.
            #expect(result != nil)
        }
    }
}
