internal import Foundation
internal import WireFormats

/// One client of a crowd: a WebSocket, and the rows that it was told.
final class CrowdClient {
    let kind: CrowdKind
    let socket: TcpSocket
    private var reader = WebSocketReader()
    private(set) var tables: [Int: SyncedTable] = [:]
    private var unopened: [String] = []
    private var opened = 0
    private(set) var isStarted = false
    private var acks: [(Int, Int64)] = []
    /// Text frames and bytes received since the handshake.
    private(set) var frames = 0
    private(set) var bytes = 0
    /// Close code of the gateway, once it has closed.
    private(set) var closed: UInt16?
    /// When a slow client may read again, microseconds; 0 while it may.
    var readsAt: Int64 = 0
    /// Acknowledges deltas without applying them: reconciling must then find differences.
    var losesDeltas = false
    private let recorder: FrameRecorder?
    private let connection: Int

    /// Connects, shakes hands and starts a session; everything else comes through ``receive(_:_:)``.
    init(
        kind: CrowdKind, host: String, port: UInt16, token: String, recorder: FrameRecorder? = nil
    ) throws {
        self.kind = kind
        self.recorder = recorder
        connection = recorder?.connect() ?? 0
        unopened = kind.requests
        socket = try TcpSocket(
            host: host, port: port, receiveBuffer: kind == .slow ? 4_096 : nil)
        reader.feed(try WebSocketHandshake.shakeHands(socket, host: host, port: port))
        try send(
            #""id":1,"method":"session.start","params":{"proto":{"major":1,"minor":0},"#
                + #""auth":{"kind":"bearer","token":"\#(token)"},"client":{"name":"load","version":"1"}}"#
        )
    }

    /// True once all that it asked for was answered.
    var isLive: Bool { isStarted && opened == kind.requests.count }

    /// Reads once, at most so many bytes, and hands over every message that carries rows or events.
    func receive(
        limit: Int, _ cache: inout FrameCache, _ outcomes: inout TableCache,
        _ handle: (_ method: String, JsonValue) -> Void
    ) throws {
        let part = try socket.read(limit: limit)
        bytes += part.count
        reader.feed(part)
        while let message = try reader.next() {
            switch message {
            case .text(let text):
                frames += 1
                try recorder?.record(text, isSent: false, on: connection)
                try take(try cache.frame(text), &outcomes, handle)
            case .ping(let content): try write(10, content)
            case .close(let code, _):
                closed = code
                return
            }
        }
        try acknowledge()
    }

    /// The connection is gone without a word.
    func lost() { closed = 1006 }

    private func take(
        _ frame: FrameCache.Frame, _ outcomes: inout TableCache,
        _ handle: (String, JsonValue) -> Void
    ) throws {
        let message = frame.message
        if let error = message["error"] { throw LoadError("refused: \(error.text())") }
        if let id = message["id"]?.integer {
            if id == 1 { isStarted = true } else { opened += 1 }
            if !unopened.isEmpty {
                try send(#""id":\#(100 - unopened.count),\#(unopened.removeFirst())"#)
            }
            return
        }
        guard let method = message["method"]?.string, let params = message["params"] else { return }
        guard let number = params["sub"]?.integer.map(Int.init) else {
            if method == "session.hb" { acks.append((0, 0)) }
            return
        }
        if losesDeltas, method.hasSuffix(".delta") {
            if let revision = params["to"]?.integer { acks.append((number, revision)) }
        } else if let revision = outcomes.apply(
            frame, method, params, to: &tables[number, default: SyncedTable()])
        {
            acks.append((number, revision))
        }
        if method == "events.batch", let scanned = params["scanned"]?.integer {
            acks.append((number, scanned))
        }
        handle(method, params)
    }

    /// One acknowledgement for all that one read brought.
    private func acknowledge() throws {
        guard !acks.isEmpty else { return }
        let list = acks.filter { $0.0 > 0 }.map { "[\($0.0),\($0.1)]" }.joined(separator: ",")
        acks = []
        try send(#""method":"sub.ack","params":{"acks":[\#(list)]}"#)
    }

    private func send(_ members: String) throws {
        let frame = Array(#"{"jsonrpc":"2.0",\#(members)}"#.utf8)
        try recorder?.record(frame, isSent: true, on: connection)
        try write(1, frame)
    }

    private func write(_ opcode: UInt8, _ payload: [UInt8]) throws {
        try socket.write(WebSocketReader.frame(opcode, payload, mask: .random(in: 0...UInt32.max)))
    }
}
