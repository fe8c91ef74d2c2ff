import EventLoop
import Ports
import Testing

@testable import SocketServer

@Suite struct JoinedFramesTests {
    private static func frame(_ text: String) -> SharedFrame { SharedFrame(text: Array(text.utf8)) }

    @Test func `the same frames are joined once, others anew`() {
        let frames = ["a", "b", "c"].map(Self.frame)
        var joined = JoinedFrames()
        #expect(!joined.holds(frames[...], isDeflated: false))

        joined.fill(frames[...], isDeflated: false) { $0.bytes }

        #expect(joined.bytes == frames.flatMap(\.bytes))
        // The same array, another one of the same frames; then frames that are alike, fewer, in another order, compressed.
        #expect(joined.holds(frames[...], isDeflated: false))
        #expect(joined.holds([frames[0], frames[1], frames[2]], isDeflated: false))
        #expect(!joined.holds(["a", "b", "c"].map(Self.frame)[...], isDeflated: false))
        #expect(!joined.holds(frames[..<2], isDeflated: false))
        #expect(!joined.holds([frames[0], frames[2], frames[1]], isDeflated: false))
        #expect(!joined.holds(frames[...], isDeflated: true))

        joined.fill(frames[1...], isDeflated: true) { Array($0.bytes.reversed()) }

        #expect(joined.bytes == frames[1...].flatMap { $0.bytes.reversed() })
        #expect(joined.holds(frames[1...], isDeflated: true))
        #expect(!joined.holds(frames[...], isDeflated: false))
    }

    @Test(arguments: [0, 1])
    func `what is larger than may be kept is let go`(beyond: Int) {
        let frames = [Self.frame("a"), Self.frame("b")]
        let bytes = [UInt8](repeating: 1, count: JoinedFrames.keptBytes / 2)
        var joined = JoinedFrames()

        joined.fill(frames[...], isDeflated: false) {
            $0 === frames[0] ? bytes : bytes + [UInt8](repeating: 2, count: beyond)
        }
        joined.trim()

        #expect(joined.bytes.count == (beyond == 0 ? JoinedFrames.keptBytes : 0))
        #expect(joined.holds(frames[...], isDeflated: false) == (beyond == 0))
    }

    @Test(arguments: [0, 1])
    func `frames that are larger than what is joined of them count as they are`(beyond: Int) {
        let large = SharedFrame.head(0x81, length: JoinedFrames.keptBytes / 2).count
        let text = [UInt8](repeating: 0x61, count: JoinedFrames.keptBytes / 2 - large)
        let more = [UInt8](repeating: 0x61, count: beyond)
        let frames = [SharedFrame(text: text), SharedFrame(text: text + more)]
        #expect(frames[0].bytes.count == JoinedFrames.keptBytes / 2)
        var joined = JoinedFrames()

        joined.fill(frames[...], isDeflated: true) { _ in [1] }
        joined.trim()

        #expect(joined.holds(frames[...], isDeflated: true) == (beyond == 0))
    }

    @Test func `frames in front of those that are joined are not kept`() {
        var frames = [Self.frame("written"), Self.frame("a"), Self.frame("b")]
        weak let written = frames[0]
        var joined = JoinedFrames()

        joined.fill(frames[1...], isDeflated: false) { $0.bytes }
        let rest = Array(frames[1...])
        frames = []

        #expect(written == nil)
        #expect(joined.holds(rest[...], isDeflated: false))
    }

    @Test func `everybody gets the frames of its own call`() async throws {
        try await withServer { server in
            let clients = try (0..<2).map { _ in try server.socket() }
            let sockets = await server.handler.opened
            let frames = (0..<4).map { Self.frame("\($0)") }
            let calls = [
                (0, [0, 1]), (1, [0, 1]), (0, [0, 2]), (1, [1, 0]), (0, [0, 1]), (1, [3]),
            ]

            for (client, numbers) in calls {
                await server.server.send(numbers.map { frames[$0] }, to: sockets[client])
            }

            for client in clients.indices {
                for number in calls.filter({ $0.0 == client }).flatMap(\.1) {
                    #expect(try clients[client].message()?.text == "\(number)")
                }
            }
        }
    }
}
