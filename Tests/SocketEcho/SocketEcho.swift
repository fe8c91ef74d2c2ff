internal import EventLoop
internal import Foundation
internal import Ports
internal import SocketServer

/// Our WebSocket server with an echo behind it, for conformance suites: every message comes back as it is.
///
/// Bounds are those of the suite, not of a gateway: messages of 16 MiB, in fragments of 64 bytes.
@main
struct SocketEcho {
    static func main() async throws {
        EventLoop.shared.startThread()
        try await run()
        // The suite ends this process.
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    @LoopActor private static var echo: (server: SocketServer, handler: Echo)?

    @LoopActor
    private static func run() throws {
        var limits = SocketServerLimits()
        limits.messageBytes = 17 << 20
        limits.fragments = 1 << 19
        limits.pendingBytes = 64 << 20
        limits.pendingFrames = 1 << 19
        limits.upgradesPerSecond = 100_000
        let handler = Echo()
        let server = try SocketServer(
            configuration: SocketServerConfiguration(takesBinary: true, limits: limits),
            handler: handler)
        handler.output = server
        echo = (server, handler)
        FileHandle.standardOutput.write(Data("listening on \(server.boundAddress)\n".utf8))
    }
}

@LoopActor
private final class Echo: SocketServerHandler {
    weak var output: (any SocketOutput)?

    func respond(to request: HttpRequest) async -> HttpResponse { HttpResponse(status: 404) }

    func decideUpgrade(_ request: HttpRequest) -> UpgradeDecision {
        .accept(subprotocol: "celeriac.v1.json")
    }

    func socketOpened(_ socket: SocketID, request: HttpRequest) {}

    func socketReceived(_ socket: SocketID, text: [UInt8]) {
        output?.send(SharedFrame(text: text, isCompressible: true), to: socket)
    }

    func socketReceived(_ socket: SocketID, binary: [UInt8]) {
        output?.send(SharedFrame(binary: binary, isCompressible: true), to: socket)
    }

    func socketDrained(_ socket: SocketID) {}

    func socketClosed(_ socket: SocketID, code: UInt16) {}
}
