internal import EventLoop
internal import Ports

/// Sends every message to all sockets but its own: at once after quiet, otherwise with the next tick.
///
/// Whoever sends a message is the publisher and gets none from then on.
@LoopActor
final class FanOut: SocketServerHandler {
    weak var output: (any SocketOutput)?
    private let tick: UInt64
    private var subscribers: [SocketID] = []
    private var publisher: SocketID?
    private var waiting: [SharedFrame] = []
    private var timer: LoopTimer?
    /// When the last flush was, milliseconds of the loop's clock.
    private var flushedAt: UInt64 = 0

    /// - Parameter tick: milliseconds between two flushes at least; with 0 there is one in each turn of the loop.
    init(tick: UInt64) {
        self.tick = tick
    }

    func respond(to request: HttpRequest) async -> HttpResponse { HttpResponse(status: 404) }

    func decideUpgrade(_ request: HttpRequest) -> UpgradeDecision {
        .accept(subprotocol: "celeriac.v1.json")
    }

    func socketOpened(_ socket: SocketID, request: HttpRequest) {
        subscribers.append(socket)
    }

    func socketReceived(_ socket: SocketID, text: [UInt8]) {
        if publisher != socket {
            publisher = socket
            leave(socket)
        }
        waiting.append(SharedFrame(text: text))
        guard timer == nil else { return }
        let now = LoopActor.loop.milliseconds
        let due = flushedAt + tick
        timer = LoopTimer(after: .milliseconds(due > now ? due - now : 0)) { [unowned self] in
            flush()
        }
    }

    func socketDrained(_ socket: SocketID) {}

    func socketClosed(_ socket: SocketID, code: UInt16) {
        leave(socket)
    }

    private func leave(_ socket: SocketID) {
        subscribers.removeAll { $0 == socket }
    }

    private func flush() {
        timer = nil
        flushedAt = LoopActor.loop.milliseconds
        let frames = waiting
        waiting = []
        guard let output else { return }
        for socket in subscribers { output.send(frames, to: socket) }
    }
}
