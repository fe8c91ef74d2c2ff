internal import Foundation
internal import WireFormats

/// A WebSocket client of the gateway: one session, one window of tasks.
final class GatewayClient {
    let socket: TcpSocket
    private var buffer: [UInt8] = []
    private var start = 0
    private let maxHz: Int
    private let rows: Int
    private(set) var isLive = false
    /// Text frames and bytes received since the handshake.
    private(set) var frames = 0
    private(set) var bytes = 0

    /// Connects, shakes hands and asks for a window; answers come through ``receive(_:)``.
    init(host: String, port: UInt16, token: String, maxHz: Int, rows: Int = 200) throws {
        self.maxHz = maxHz
        self.rows = rows
        socket = try TcpSocket(host: host, port: port)
        buffer = try WebSocketHandshake.shakeHands(socket, host: host, port: port)
        try send(
            #"{"jsonrpc":"2.0","id":1,"method":"session.start","params":{"proto":{"major":1,"minor":0},"#
                + #""auth":{"kind":"bearer","token":"\#(token)"},"client":{"name":"load","version":"1"}}}"#
        )
    }

    /// Sends a masked text frame (RFC 6455 5.3); the mask is zero, which is legal for a test client.
    private func send(_ text: String) throws {
        let payload = Array(text.utf8)
        var frame: [UInt8] = [0x81]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        }
        try socket.write(frame + [0, 0, 0, 0] + payload)
    }

    /// Visits the id of every whole row in a frame of the window: its snapshot, and what came later.
    static func forEachRow(of message: JsonValue, _ body: (String) -> Void) {
        guard let params = message["params"] else { return }
        if message["method"] == "view.delta" {
            for row in params["new"]?.array ?? [] {
                if let id = row.array?.last?["id"]?.string { body(id) }
            }
        } else if message["method"] == "view.snap",
            let column = params["cols"]?.array?.firstIndex(of: "id")
        {
            for row in params["rows"]?.array ?? [] {
                if let cells = row.array, column < cells.count, let id = cells[column].string {
                    body(id)
                }
            }
        }
    }

    /// Visits every field that a frame of the window tells, with its row's handle: of whole rows and of
    /// changes.
    static func forEachChange(
        of message: JsonValue, _ body: (_ handle: Int64, _ name: String, _ value: JsonValue) -> Void
    ) {
        guard let params = message["params"] else { return }
        if message["method"] == "view.delta" {
            for name in ["new", "put"] {
                for row in params[name]?.array ?? [] {
                    guard let handle = row.array?.first?.integer else { continue }
                    for field in row.array?.last?.object ?? [] {
                        body(handle, field.name, field.value)
                    }
                }
            }
        } else if message["method"] == "view.snap", let names = params["cols"]?.array,
            let column = names.firstIndex(of: "h")
        {
            for row in params["rows"]?.array ?? [] {
                guard let cells = row.array, column < cells.count,
                    let handle = cells[column].integer
                else { continue }
                for (name, value) in zip(names, cells) {
                    if let name = name.string { body(handle, name, value) }
                }
            }
        }
    }

    /// Reads once and hands over every whole message, after those that came with the handshake.
    func receive(_ handle: (JsonValue) -> Void) throws {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        let part = try socket.read(limit: 262_144)
        bytes += part.count
        buffer += part
        while let (opcode, range) = nextFrame() {
            start = range.upperBound
            switch opcode {
            case 1:
                frames += 1
                let message = try JsonReader.parse(Array(buffer[range]), limits: .celery)
                try take(message)
                handle(message)
            case 8: throw LoadError("the gateway closed the connection")
            case 9: try socket.write([0x8A, 0x80, 0, 0, 0, 0])
            default: break
            }
        }
    }

    private func nextFrame() -> (opcode: UInt8, payload: Range<Int>)? {
        guard buffer.count - start >= 2 else { return nil }
        let opcode = buffer[start] & 0x0F
        var length = Int(buffer[start + 1] & 0x7F)
        var head = start + 2
        if length >= 126 {
            let bytes = length == 126 ? 2 : 8
            guard buffer.count - head >= bytes else { return nil }
            length = buffer[head..<head + bytes].reduce(0) { $0 << 8 | Int($1) }
            head += bytes
        }
        guard buffer.count - head >= length else { return nil }
        return (opcode, head..<head + length)
    }

    private func take(_ message: JsonValue) throws {
        if let error = message["error"] { throw LoadError("refused: \(error.text())") }
        if message["id"]?.integer == 1 {
            try send(
                #"{"jsonrpc":"2.0","id":2,"method":"view.open","params":{"sub":1,"topic":"tasks","#
                    + #""order":["seen","desc"],"limit":\#(rows),"mode":"follow","maxHz":\#(maxHz)}}"#
            )
        }
        guard let params = message["params"], params["sub"] != nil else {
            if message["method"] == "session.hb" {
                try send(#"{"jsonrpc":"2.0","method":"sub.ack","params":{"acks":[]}}"#)
            }
            return
        }
        isLive = true
        guard let revision = (params["to"] ?? params["at"])?.integer else { return }
        try send(#"{"jsonrpc":"2.0","method":"sub.ack","params":{"acks":[[1,\#(revision)]]}}"#)
    }
}
