import Ports
import Testing
import WireFormats

@testable import Gateway

@Suite struct MessageCommandTests {
    private func spec(_ name: String, _ args: JsonValue) throws(CommandFault) -> CommandSpec {
        try CommandSpec(name, args: args, newID: { "id-\($0)" })
    }

    @Test func `a message is named by its tag or its digest, and by one of them`() throws {
        let digest = "13-" + String(repeating: "a", count: 40)
        let byTag = try spec("message.delete", ["queue": "q", "deliveryTag": "d"])
        let byDigest = try spec(
            "message.delete", ["queue": "q", "digest": .string(digest), "keep": 0])

        #expect(
            byTag.action
                == .message(
                    MessageSpec(
                        queue: "q", address: .tag("d"), act: .delete(keep: TrashLimits.keepSeconds))
                ))
        #expect(
            byDigest.action
                == .message(
                    MessageSpec(queue: "q", address: .digest(digest), act: .delete(keep: 0))))
        #expect(byTag.target == "message d in queue q")
        for wrong: JsonValue in [
            ["queue": "q"], ["queue": "q", "deliveryTag": "d", "digest": .string(digest)],
            ["queue": "q", "digest": "x"], ["deliveryTag": "d"],
        ] {
            #expect(throws: CommandFault.self) { try spec("message.delete", wrong) }
        }
    }

    @Test(arguments: [
        ("0-" + String(repeating: "0", count: 40), true),
        ("536870912-" + String(repeating: "f", count: 40), true),
        ("5368709120-" + String(repeating: "f", count: 40), false),
        ("1-" + String(repeating: "f", count: 41), false),
        ("1-" + String(repeating: "f", count: 39), false),
        ("1-" + String(repeating: "F", count: 40), false),
        ("-" + String(repeating: "f", count: 40), false),
        ("1-1-" + String(repeating: "f", count: 38), false),
        ("", false), ("%d+-x", false),
    ])
    func `a digest is a length and a hash`(text: String, isOne: Bool) {
        #expect(MessageDigest.isOne(text) == isOne)
    }

    @Test func `a move goes elsewhere, a priority is from 0 to 9`() throws {
        #expect(throws: CommandFault.self) {
            try spec("message.move", ["queue": "q", "deliveryTag": "d", "to": "q"])
        }
        for priority: JsonValue in [-1, 10, "3", 1.5] {
            #expect(throws: CommandFault.self) {
                try spec(
                    "message.prioritize", ["queue": "q", "deliveryTag": "d", "priority": priority])
            }
        }
        let most = try spec(
            "message.prioritize", ["queue": "q", "deliveryTag": "d", "priority": 9])
        #expect(
            most.action
                == .message(MessageSpec(queue: "q", address: .tag("d"), act: .prioritize(9))))
    }

    @Test func `a seen revision belongs to the queue that is named`() throws {
        for name in ["message.delete", "queue.purge"] {
            let args: JsonValue =
                name == "queue.purge" ? ["queue": "q"] : ["queue": "q", "deliveryTag": "d"]
            let seen = try CommandSpec(
                name, args: args, expect: ["rev": 7], newID: { "id-\($0)" }
            ).seen
            #expect(seen?.queue == "q" && seen?.revision == 7)
            let isUnseen = try spec(name, args).seen == nil
            #expect(isUnseen)
            #expect(throws: CommandFault.self) {
                try CommandSpec(name, args: args, expect: ["rev": -1], newID: { "id-\($0)" })
            }
        }
    }

    @Test(arguments: CommandStage.allCases)
    func `the first answer is read as it was kept`(stage: CommandStage) {
        let answer = StoredAnswer(id: "a \" b", stage: stage)
        #expect(StoredAnswer(answer.text) == answer)
    }

    @Test(arguments: [
        "", "01JD8Z", "{}", #"{"id":"a","state":"done"}"#, #"{"id":1,"state":"sent"}"#,
    ])
    func `what earlier versions kept is no answer`(text: String) {
        #expect(StoredAnswer(text) == nil)
    }

    @Test func `the broker's answer to a search is read or refused`() {
        func text(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }
        func read(_ items: RESPValue...) -> MessageSearchReply? {
            MessageSearchReply(.array(items), lists: 4)
        }
        guard case .found(3, 7, let bytes)? = read(text("found"), text("4"), text("7"), text("end"))
        else {
            Issue.record("not found")
            return
        }
        #expect(bytes == Array("end".utf8))
        guard case .more(40)? = read(text("more"), text("40")), case .absent? = read(text("none")),
            case .done(let marker)? = read(text("done"), text("lost"))
        else {
            Issue.record("not read")
            return
        }
        #expect(marker == Array("lost".utf8))
        for wrong in [
            read(text("found"), text("5"), text("7"), text("end")),
            read(text("found"), text("0"), text("7"), text("end")),
            read(text("more"), text("x")), read(text("done")), read(), read(.integer(1)),
            MessageSearchReply(.null, lists: 4),
        ] {
            let isRefused = wrong == nil
            #expect(isRefused)
        }
    }
}
