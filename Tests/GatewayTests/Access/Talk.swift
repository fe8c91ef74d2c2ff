import EventLoop
import Ports
import WireFormats

@testable import Gateway

/// A client of a ``Lonely`` gateway over a WebSocket that is not there.
@LoopActor
struct Talk {
    let gateway: Gateway
    let sockets: Lonely.Sockets
    let socket: SocketID

    /// Opens a session with a bearer token.
    init(_ gateway: Gateway, _ sockets: Lonely.Sockets, token: String, number: UInt64 = 1)
        async throws
    {
        self.gateway = gateway
        self.sockets = sockets
        socket = SocketID(number: number)
        gateway.socketOpened(
            socket, request: HttpRequest(method: "GET", path: "/ws/v1", headers: [:]))
        _ = try await ask(
            "session.start",
            [
                "proto": ["major": 1, "minor": 0],
                "auth": ["kind": "bearer", "token": .string(token)],
            ])
    }

    /// Sends a request and waits for its answer.
    func ask(_ method: String, _ params: JsonValue) async throws -> JsonValue {
        let id = JsonValue.string("\(method) \(try frames.count)")
        let request: JsonValue = [
            "jsonrpc": "2.0", "id": id, "method": .string(method), "params": params,
        ]
        sockets.say(request.text(), on: socket, to: gateway)
        return try await until { try frames.first { $0["id"] == id } }
    }

    /// What the gateway has sent, oldest first.
    var frames: [JsonValue] {
        get throws {
            try (sockets.frames[socket] ?? []).map {
                try JsonReader.parse(Array($0.bytes[$0.payloadOffset...]), limits: .celery)
            }
        }
    }

    /// Waits until there is something.
    func until<Value>(_ found: () throws -> Value?) async throws -> Value {
        for _ in 0..<10_000 {
            if let value = try found() { return value }
            await LoopTimer.sleep(.milliseconds(1))
        }
        throw Silence()
    }

    /// What was waited for never came.
    struct Silence: Error {}
}
