import Foundation
import Testing
import WireFormats

@Suite struct CloseCodeTests {
    @Test(arguments: [
        (UInt16?(1000), CloseCode.Reaction.nothing), (1001, .reconnect(leastMilliseconds: 0)),
        (1003, .stop), (1007, .stop), (1009, .stop), (4400, .stop), (4401, .authenticate),
        (4403, .stop), (4406, .stop), (4408, .reconnect(leastMilliseconds: 2_000)), (4409, .stop),
        (4413, .reconnect(leastMilliseconds: 10_000)),
        (4429, .reconnect(leastMilliseconds: 30_000)),
        (4500, .reconnect(leastMilliseconds: 1_000)), (nil, .reconnect(leastMilliseconds: 1_000)),
        // Unknown ones (R55).
        (4405, .stop), (4407, .stop), (4410, .reconnect(leastMilliseconds: 1_000)),
        (4599, .reconnect(leastMilliseconds: 1_000)), (1006, .reconnect(leastMilliseconds: 1_000)),
    ])
    func `every code says what the client may do`(code: UInt16?, reaction: CloseCode.Reaction) {
        #expect(CloseCode.reaction(to: code) == reaction)
    }

    @Test func `a client may come back unless it is told to stop`() {
        for code in CloseCode.allCases {
            let stops = code.reaction == .stop || code.reaction == .nothing
            #expect(code.mayReconnect == !stops)
            #expect(!code.meaning.isEmpty)
        }
    }
}

@Suite struct ClientProtocolDocumentTests {
    @Test func `the document names every close code and every error code as the code does`() throws
    {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "docs/client-protocol.md"), encoding: .utf8)
        for code in CloseCode.allCases {
            #expect(text.contains("| \(code.rawValue) | \(code.meaning) |"))
        }
        for code in FrameFault.Code.allCases {
            #expect(text.contains("\(code.rawValue)"), "\(code)")
        }
        #expect(text.contains(ClientProtocol.subprotocol))
    }
}
