import Foundation
import Testing
import WireFormats
import WorkerRules

/// Random messages of ours, for real workers.
struct WorkerMessagesTests {
    /// Writes 300 accepted random messages for queue `wire`, one JSON object a line: `{"id", "key",
    /// "payload"}`. `Tests/Integration/test_wire_messages.py` names the file by
    /// `CELERIAC_WIRE_SAMPLES`, pushes each payload and sees the worker alive.
    @Test func `messages for a real worker are written out`() throws {
        let named = ProcessInfo.processInfo.environment["CELERIAC_WIRE_SAMPLES"]
        let path =
            named
            ?? FileManager.default.temporaryDirectory
            .appending(path: "wire-\(UUID().uuidString).jsonl").path
        defer {
            // Nothing is lost if it stays: it is in the folder for temporary files.
            if named == nil { try? FileManager.default.removeItem(atPath: path) }
        }
        var generator = SeededGenerator(64)
        var lines: [String] = []
        while lines.count < 300 {
            var message = generator.taskMessage()
            message.queue = "wire"
            message.id = "wire-\(lines.count)"
            message.deliveryTag = "tag-\(lines.count)"
            message.expires = nil
            message.eta = nil
            guard let payload = try? message.encoded() else { continue }
            let line: JsonValue = [
                "id": .string(message.id),
                "key": .string(String(decoding: message.key(), as: UTF8.self)),
                "payload": .string(String(decoding: payload, as: UTF8.self)),
            ]
            lines.append(line.text(asciiOnly: true))
        }
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)

        let written = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(written.count == 300)
        for line in written {
            let value = try JsonReader.parse(Array(line.utf8), limits: .celery)
            let payload = try #require(value["payload"]?.string)
            #expect(throws: Never.self) {
                try WorkerRules.checkTask(Array(payload.utf8), queue: "wire")
            }
        }
    }
}
