internal import EventLoop
internal import Foundation
internal import Ports
internal import SocketServer

/// Our WebSocket server with a fan-out behind it, for `bin/bench peers`: every message goes to everybody else.
///
///     socket-fan-out TICK_MILLISECONDS
///
/// It hands frames to the server as the gateway does: each is made once, and what one tick has brought goes to
/// a client in one call. Bounds of what waits for a client are wide, so that the measure shows them as latency.
@main
struct SocketFanOut {
    static func main() async throws {
        guard let tick = CommandLine.arguments.dropFirst().first.flatMap(UInt64.init) else {
            FileHandle.standardError.write(Data("usage: socket-fan-out TICK_MILLISECONDS\n".utf8))
            exit(2)
        }
        EventLoop.shared.startThread()
        try await run(tick)
        // The bench ends this process.
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    @LoopActor private static var fanOut: (server: SocketServer, handler: FanOut)?

    @LoopActor
    private static func run(_ tick: UInt64) throws {
        var limits = SocketServerLimits()
        limits.pendingBytes = 64 << 20
        limits.pendingFrames = 1 << 16
        limits.upgradesPerSecond = 100_000
        let handler = FanOut(tick: tick)
        let server = try SocketServer(
            configuration: SocketServerConfiguration(limits: limits), handler: handler)
        handler.output = server
        fanOut = (server, handler)
        FileHandle.standardOutput.write(Data("listening on \(server.boundAddress)\n".utf8))
    }
}
