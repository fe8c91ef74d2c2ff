import EventLoop
import Ports

/// Does what requests and messages tell it, and remembers what it was told.
@LoopActor
final class TestHandler: SocketServerHandler {
    weak var output: (any SocketOutput)?
    private(set) var opened: [SocketID] = []
    private(set) var requests: [HttpRequest] = []
    private(set) var received: [[UInt8]] = []
    private(set) var drained: [SocketID] = []
    private(set) var closed: [SocketID: UInt16] = [:]
    private var held: [CheckedContinuation<Void, Never>] = []

    var heldCount: Int { held.count }

    /// Lets the requests for `/hold` be answered.
    func release() {
        for continuation in held { continuation.resume() }
        held = []
    }

    func respond(to request: HttpRequest) async -> HttpResponse {
        requests.append(request)
        switch request.path {
        case "/echo":
            let headers = request.headers.sorted { $0.key < $1.key }
                .map { "\($0.key)=\($0.value)" }.joined(separator: "|")
            let text =
                "\(request.method) \(request.path)?\(request.query) \(request.peer)\n\(headers)\n"
            return HttpResponse(
                status: 200, headers: [(name: "content-type", value: "text/plain")],
                body: Array(text.utf8) + request.body)
        case "/cookies":
            return HttpResponse(
                status: 200,
                headers: [
                    (name: "set-cookie", value: "a=1"), (name: "set-cookie", value: "b=2"),
                    (name: "x-evil", value: "1\r\nset-cookie: c=3"),
                ])
        case "/hold":
            await withCheckedContinuation { held.append($0) }
            return HttpResponse(status: 200, body: Array("released".utf8))
        case "/big":
            return HttpResponse(status: 200, body: Self.pattern(Int(request.query) ?? 0))
        default:
            return HttpResponse(status: 404)
        }
    }

    /// Bytes that tell their place; the period is a prime, so that no lost buffer goes unnoticed.
    nonisolated static func pattern(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { bytes += period.prefix(count - bytes.count) }
        return bytes
    }

    private nonisolated static let period = (0..<65_521).map {
        UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8)
    }

    func decideUpgrade(_ request: HttpRequest) -> UpgradeDecision {
        if let origin = request.headers["origin"], origin != "http://localhost" {
            return .refuse(HttpResponse(status: 403, body: Array("bad origin".utf8)))
        }
        let offers = (request.headers["sec-websocket-protocol"] ?? "").split(separator: ",")
            .map { $0.filter { $0 != " " } }
        guard offers.contains("celeriac.v1.json") else {
            return .refuse(HttpResponse(status: 400, body: Array("unknown subprotocol".utf8)))
        }
        return .accept(subprotocol: "celeriac.v1.json")
    }

    func socketOpened(_ socket: SocketID, request: HttpRequest) {
        opened.append(socket)
        if request.query == "hello" {
            output?.send(SharedFrame(text: Array("hello".utf8)), to: socket)
        }
    }

    func socketReceived(_ socket: SocketID, text: [UInt8]) {
        received.append(text)
        let words = String(decoding: text.prefix(200), as: UTF8.self).split(separator: " ")
        switch words.first {
        case "close":
            output?.close(
                socket, code: UInt16(words[1]) ?? 1000, reason: words.dropFirst(2).joined())
        case "recognize":
            output?.recognize(socket)
            output?.send(SharedFrame(text: text), to: socket)
        case "echo":
            output?.send(SharedFrame(text: text), to: socket)
        default:
            break
        }
    }

    func socketDrained(_ socket: SocketID) { drained.append(socket) }

    func socketClosed(_ socket: SocketID, code: UInt16) { closed[socket] = code }
}
