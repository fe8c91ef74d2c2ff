import Foundation
import LiveSync
import Testing

@testable import WireFormats

/// The golden transcripts of `Tests/Fixtures/transcripts`: what client and gateway say to each other, and
/// what the client has at the end. The web page's and the test harness's clients replay the same files.
/// After an intended change of the protocol: run with `CELERIAC_RECORD=1`, and read the difference.
@Suite struct TranscriptTests {
    private static let scripts:
        [(name: String, about: String, run: @Sendable (inout Conversation) throws -> Void)] = [
            (
                "whole-topic",
                "A subscription: snapshot in parts, deltas, a row that goes and comes back.",
                wholeTopic
            ),
            (
                "filtered-topic", "A filter and a role that sees less: rows enter and leave.",
                filteredTopic
            ),
            (
                "resume",
                "A client comes back: with a delta, with another epoch, too far behind, on demand.",
                resume
            ),
            ("window-pinned", "A pinned window, and a page further down.", pinnedWindow),
            (
                "window-left", "A pinned window whose rows leave, while others come before it.",
                leftWindow
            ),
            ("window-follow", "A window that follows the order.", followingWindow),
        ]

    @Test(arguments: scripts.indices)
    func `client and gateway talk as recorded`(index: Int) throws {
        let script = Self.scripts[index]
        var conversation = try Conversation()
        try script.run(&conversation)
        let text = conversation.text(name: script.name, about: script.about)
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/transcripts/\(script.name).json").standardized
        if ProcessInfo.processInfo.environment["CELERIAC_RECORD"] == "1" {
            try Data(text.utf8).write(to: file)
        }

        let recorded = String(decoding: try Data(contentsOf: file), as: UTF8.self)

        #expect(text == recorded)
        #expect(!conversation.held.isEmpty)
        for (number, one) in conversation.held {
            #expect(one.table.faults.isEmpty && one.table.revision >= 0, "subscription \(number)")
        }
    }

    @Sendable private static func wholeTopic(_ talk: inout Conversation) throws {
        for number in 1...4 {
            talk.worker(
                "celery@\(number)",
                [
                    FieldUpdate(1, .text("online")), FieldUpdate(2, .int(number)),
                    FieldUpdate(4, .list(#"["mail","default"]"#)),
                    FieldUpdate(5, .text(String(repeating: "long ", count: 12 * number))),
                ])
        }
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":1,"method":"sub.open","params":{"sub":1,"topic":"workers","maxHz":4}}"#
        )
        talk.worker("celery@2", [FieldUpdate(2, .int(9)), FieldUpdate(3, .double(0.75))])
        talk.worker("__proto__", [FieldUpdate(1, .text("<b>\"\n\u{0}é"))])
        talk.commit()
        talk.engine.remove(talk.workers, id: "celery@3")
        talk.worker("celery@4", [FieldUpdate(4, .absent), FieldUpdate(1, .text("offline"))])
        talk.commit()
        talk.worker("celery@3", [FieldUpdate(1, .text("online"))])
        talk.commit()
        try talk.client(#"{"jsonrpc":"2.0","id":2,"method":"sub.resync","params":{"sub":1}}"#)
    }

    @Sendable private static func filteredTopic(_ talk: inout Conversation) throws {
        talk.projection = Projection(of: Conversation.schema, hidden: ["queues"], masked: ["note"])
        talk.worker("a", [FieldUpdate(1, .text("online")), FieldUpdate(5, .text("secret"))])
        talk.worker("b", [FieldUpdate(1, .text("offline"))])
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":1,"method":"sub.open","params":{"sub":3,"topic":"workers","where":["in","state",["online","busy"]]}}"#
        )
        talk.worker("b", [FieldUpdate(1, .text("busy")), FieldUpdate(2, .int(1))])
        talk.worker("a", [FieldUpdate(1, .text("offline"))])
        talk.commit()
        // Nothing that this client sees.
        talk.worker("a", [FieldUpdate(2, .int(5))])
        talk.worker("b", [FieldUpdate(4, .list("[]"))])
        talk.commit()
        talk.worker("b", [FieldUpdate(2, .int(2))])
        talk.commit()
    }

    @Sendable private static func resume(_ talk: inout Conversation) throws {
        talk.worker("a", [FieldUpdate(1, .text("online"))])
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":1,"method":"sub.open","params":{"sub":1,"topic":"workers"}}"#)
        let position = talk.engine.revision
        talk.disconnect()
        talk.worker("a", [FieldUpdate(2, .int(1))])
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":2,"method":"sub.open","params":{"sub":1,"topic":"workers","since":{"epoch":"k3V9","rev":\#(position)}}}"#
        )
        talk.disconnect()
        try talk.client(
            #"{"jsonrpc":"2.0","id":3,"method":"sub.open","params":{"sub":1,"topic":"workers","since":{"epoch":"x1Y2","rev":\#(position)}}}"#
        )
        talk.disconnect()
        for count in 0..<12 {
            talk.now += 60_000
            talk.worker("a", [FieldUpdate(2, .int(count + 10))])
            talk.commit()
        }
        try talk.client(
            #"{"jsonrpc":"2.0","id":4,"method":"sub.open","params":{"sub":1,"topic":"workers","since":{"epoch":"k3V9","rev":\#(position)}}}"#
        )
        talk.engine.beginEpoch("m8Q1")
        talk.serve()
    }

    @Sendable private static func pinnedWindow(_ talk: inout Conversation) throws {
        for number in 0..<7 { talk.task("t\(number)", seen: Double(number) + 0.5, "STARTED") }
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":1,"method":"view.open","params":{"sub":2,"topic":"tasks","where":["eq","state","STARTED"],"order":["seen","desc"],"limit":3,"after":null,"mode":"pinned","maxHz":4}}"#
        )
        talk.task("t5", seen: 5.5, "SUCCESS")
        talk.task("t8", seen: 8.5, "STARTED")
        talk.commit()
        talk.task("t5", seen: 5.5, "STARTED")
        talk.engine.remove(talk.tasks, id: "t6")
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":2,"method":"view.move","params":{"sub":2,"after":"\#(talk.nextCursor)"}}"#
        )
    }

    @Sendable private static func leftWindow(_ talk: inout Conversation) throws {
        for number in 0..<5 { talk.task("t\(number)", seen: Double(number), "STARTED") }
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":1,"method":"view.open","params":{"sub":7,"topic":"tasks","where":["eq","state","STARTED"],"limit":4,"mode":"pinned"}}"#
        )
        talk.task("t4", seen: 4, "SUCCESS")
        talk.engine.remove(talk.tasks, id: "t2")
        for number in 5..<8 { talk.task("t\(number)", seen: Double(number), "STARTED") }
        talk.commit()
        talk.task("t3", seen: 3, "FAILURE")
        talk.commit()
        talk.task("t3", seen: 3, "STARTED")
        talk.commit()
    }

    @Sendable private static func followingWindow(_ talk: inout Conversation) throws {
        for number in 0..<4 { talk.task("t\(number)", seen: Double(number), "STARTED") }
        talk.commit()
        try talk.client(
            #"{"jsonrpc":"2.0","id":1,"method":"view.open","params":{"sub":2,"topic":"tasks","limit":3,"mode":"follow"}}"#
        )
        talk.task("t9", seen: 9, "RETRY")
        talk.task("t3", seen: 3, "SUCCESS")
        talk.commit()
        talk.engine.remove(talk.tasks, id: "t9")
        talk.commit()
        try talk.client(#"{"jsonrpc":"2.0","id":2,"method":"view.close","params":{"sub":2}}"#)
    }
}
