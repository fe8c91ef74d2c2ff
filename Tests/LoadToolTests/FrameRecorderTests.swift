import Foundation
import Testing

@testable import celeriac_load

/// The record of `celeriac-load crowd --record`.
@Suite struct FrameRecorderTests {
    private let path = FileManager.default.temporaryDirectory
        .appending(path: "celeriac-record-\(UUID().uuidString)").path

    @Test func `each frame is a line, with its connection and its direction`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let recorder = try FrameRecorder(path: path)
        let (first, second) = (recorder.connect(), recorder.connect())

        try recorder.record(Array(#"{"id":1}"#.utf8), isSent: true, on: first)
        try recorder.record(Array(#"{"id":1,"result":{}}"#.utf8), isSent: false, on: second)

        #expect(
            try String(contentsOfFile: path, encoding: .utf8) == """
                {"connection":1,"sent":true,"frame":{"id":1}}
                {"connection":2,"sent":false,"frame":{"id":1,"result":{}}}

                """)
    }

    @Test(arguments: [(42, true), (41, false)])
    func `a record has a bound`(limit: Int, fits: Bool) throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let recorder = try FrameRecorder(path: path, limit: limit)
        let connection = recorder.connect()

        // 42 bytes with what stands around it.
        let outcome = Result {
            try recorder.record(Array("[0]".utf8), isSent: false, on: connection)
        }

        #expect(((try? outcome.get()) != nil) == fits)
    }

    @Test func `where no file can be is said`() {
        let error = #expect(throws: LoadError.self) {
            _ = try FrameRecorder(path: "\(path)/nowhere")
        }
        #expect(error?.description.contains("--record") == true)
    }
}
