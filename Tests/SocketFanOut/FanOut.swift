internal import EventLoop
internal import Ports

/// Sends every message to all sockets but its own: at once after quiet, otherwise with the next tick.
///
/// Whoever sends a message is the publisher and gets none from then on. libwebsockets reads 1 KiB of a socket in one
/// turn of the loop, so what the publisher has sent together comes in several: those that follow each other are one.
@LoopActor
final class FanOut: SocketServerHandler {
    weak var output: (any SocketOutput)?
    private let tick: UInt64
    private var subscribers: [SocketID] = []
    private var publisher: SocketID?
    private var waiting: [SharedFrame] = []
    /// Whether what waits is on its way out.
    private var isDue = false
    /// How many were waiting when it was last looked, and how often that was.
    private var seen = (count: 0, turns: 0)
    private var timer: LoopTimer?
    /// When the last flush was, milliseconds of the loop's clock.
    private var flushedAt: UInt64 = 0

    /// Turns of the loop after which messages go out though more of them come.
    private static let mostTurns = 16

    /// - Parameter tick: milliseconds between two flushes at least; 0 sends what comes as soon as it is there.
    init(tick: UInt64) {
        self.tick = tick
    }

    func respond(to request: HttpRequest) async -> HttpResponse { HttpResponse(status: 404) }

    func decideUpgrade(_ request: HttpRequest) -> UpgradeDecision {
        .accept(subprotocol: "celeriac.v1.json")
    }

    func socketOpened(_ socket: SocketID, request: HttpRequest) {
        subscribers.append(socket)
        output?.recognize(socket)
    }

    func socketReceived(_ socket: SocketID, text: [UInt8]) {
        if publisher != socket {
            publisher = socket
            leave(socket)
        }
        waiting.append(SharedFrame(text: text))
        guard !isDue else { return }
        isDue = true
        let now = LoopActor.loop.milliseconds
        let due = flushedAt + tick
        guard due > now else { return look() }
        timer = LoopTimer(after: .milliseconds(due - now)) { [unowned self] in look() }
    }

    /// Sends what is there, unless more of it came in the last turn of the loop: then it looks again in the next.
    ///
    /// A timer of no time is none for that: libuv runs it in the turn in which a timer has made it, before anything
    /// is read.
    private func look() {
        guard waiting.count > seen.count, seen.turns < Self.mostTurns else { return flush() }
        seen = (waiting.count, seen.turns + 1)
        Task { look() }
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
        isDue = false
        seen = (0, 0)
        flushedAt = LoopActor.loop.milliseconds
        let frames = waiting
        waiting = []
        output?.send(frames, to: subscribers)
    }
}
