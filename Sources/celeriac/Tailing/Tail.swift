internal import Foundation
internal import RedisLink
internal import WireFormats

/// Reads the events of a gateway, through as many connections as it takes.
final class Tail {
    /// Why it makes no sense to try again.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private let url: URL
    private let token: String
    private let authorities: String?
    private let filters: [JsonMember]
    private var place: TailPlace
    private var left: Int?
    private let output: TailOutput
    private var backoff = Backoff()
    private let beganAt = ContinuousClock.now
    /// Seconds after which the gateway wants us back, from its last `session.bye`.
    private var wantedAfter = 0.0
    /// Name of the log that is read.
    private var epoch = ""
    private var unacknowledged: Int64?
    private var acknowledgedAt = ContinuousClock.now

    /// Seconds: to connect; without a word from the gateway, which sends a heartbeat every 15.
    private static let connectTimeout = 10.0
    private static let silence = 25.0
    /// Seconds for which a gateway may ask us to stay away.
    private static let longestWish = 120.0
    private static let headBytes = 16 << 10
    private static let acknowledgeMilliseconds = 100

    init(
        url: URL, token: String, authorities: String?, filters: [JsonMember], place: TailPlace,
        left: Int?, output: TailOutput
    ) {
        self.url = url
        self.token = token
        self.authorities = authorities
        self.filters = filters
        self.place = place
        self.left = left
        self.output = output
    }

    /// Reads until the limit, a signal, or a refusal.
    func run() throws {
        // Lines are written whole, so that ending between two system calls cuts none.
        signal(SIGINT) { _ in _exit(0) }
        signal(SIGTERM) { _ in _exit(0) }
        while true {
            do {
                try session()
                return
            } catch let refusal as Refusal {
                throw refusal
            } catch {
                // Never before the gateway wants us back.
                let least = max((error as? Ended)?.least ?? 0, wantedAfter)
                let pause = backoff.lost(
                    at: seconds, least: least, chance: Double.random(in: 0...1))
                wantedAfter = 0
                TailOutput.complain("\(error); trying again in \((pause * 10).rounded() / 10) s")
                Thread.sleep(forTimeInterval: pause)
            }
        }
    }

    /// Since it began.
    private var seconds: Double { (ContinuousClock.now - beganAt) / .seconds(1) }

    private struct Ended: Error, CustomStringConvertible {
        let description: String
        /// Seconds before which it makes no sense to come back.
        var least = 0.0
    }

    private func session() throws {
        let isSecure = url.scheme == "https"
        guard let host = url.host() else { throw Refusal(description: "the URL names no host") }
        let plain = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let stream = try ServerStream(
            host: plain, port: url.port ?? (isSecure ? 443 : 80),
            tls: isSecure ? TLSOptions(authorityFile: authorities) : nil,
            timeout: Self.connectTimeout)
        var reader = WebSocketReader()
        reader.feed(try shakeHands(stream))
        try send(
            [
                "jsonrpc": "2.0", "id": 1, "method": "session.start",
                "params": [
                    "auth": ["kind": "bearer", "token": .string(token)],
                    "client": ["name": "celeriac tail", "version": .string(celeriacVersion)],
                ],
            ], stream)
        while true {
            while let message = try next(&reader) {
                switch message {
                case .text(let text):
                    guard try take(try JsonReader.parse(text, limits: .celery), stream) else {
                        try? stream.write(frame(8, [0x03, 0xE8]), timeout: 1)
                        return
                    }
                case .ping(let content): try stream.write(frame(10, content), timeout: Self.silence)
                case .close(let code, let reason): try closed(code, reason)
                }
            }
            try acknowledge(stream)
            reader.feed(try stream.read(timeout: Self.silence))
        }
    }

    private func next(_ reader: inout WebSocketReader) throws -> WebSocketReader.Message? {
        do throws(WebSocketReader.Fault) {
            return try reader.next()
        } catch {
            throw Ended(description: error.reason)
        }
    }

    /// A close code says whether another attempt makes sense, and when (R55).
    private func closed(_ code: UInt16, _ reason: String) throws {
        let text = "the gateway closed the connection (\(code) \(reason))"
        switch CloseCode.reaction(to: code) {
        case .stop, .authenticate: throw Refusal(description: text)
        case .nothing: throw Ended(description: text)
        case .reconnect(let milliseconds):
            throw Ended(description: text, least: Double(milliseconds) / 1_000)
        }
    }

    private func frame(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        WebSocketReader.frame(opcode, payload, mask: .random(in: 0 ... .max))
    }

    private func send(_ message: JsonValue, _ stream: ServerStream) throws {
        try stream.write(frame(1, Array(message.text().utf8)), timeout: Self.silence)
    }

    /// - Returns: what came after the answer's head.
    private func shakeHands(_ stream: ServerStream) throws -> [UInt8] {
        let key = Data((0..<16).map { _ in UInt8.random(in: 0 ... .max) }).base64EncodedString()
        let authority = (url.host() ?? "") + (url.port.map { ":\($0)" } ?? "")
        let head = """
            GET \(url.path())/ws/v1 HTTP/1.1\r
            Host: \(authority)\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Key: \(key)\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Protocol: \(ClientProtocol.subprotocol)\r
            \r\n
            """
        try stream.write(Array(head.utf8), timeout: Self.connectTimeout)
        var answer: [UInt8] = []
        while true {
            answer += try stream.read(timeout: Self.connectTimeout)
            let mark = Array("\r\n\r\n".utf8)
            if let end = answer.indices.dropLast(3).first(where: {
                answer[$0..<$0 + 4].elementsEqual(mark)
            }) {
                let text = String(decoding: answer[..<end], as: UTF8.self)
                let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
                guard status == 101 else {
                    let sentence = "the gateway answered \(status) in place of a WebSocket"
                    if 400..<500 ~= status { throw Refusal(description: sentence) }
                    throw Ended(description: sentence)
                }
                return Array(answer[(end + 4)...])
            }
            guard answer.count <= Self.headBytes else {
                throw Refusal(description: "what answers is no gateway")
            }
        }
    }

    /// - Returns: false when the limit is reached.
    private func take(_ message: JsonValue, _ stream: ServerStream) throws -> Bool {
        if let error = message["error"] {
            let text = "refused: \(error["message"]?.string ?? error.text())"
            if error["data"]?["retry"]?.bool == true { throw Ended(description: text) }
            throw Refusal(description: text)
        }
        switch message["id"]?.integer {
        case 1:
            unacknowledged = nil
            let params =
                [
                    JsonMember("sub", 1), JsonMember("after", place.json),
                    JsonMember("maxBatch", 1000),
                ] + filters
            try send(
                ["jsonrpc": "2.0", "id": 2, "method": "events.open", "params": .object(params)],
                stream)
            return true
        case 2:
            guard let epoch = message["result"]?["epoch"]?.string,
                let offset = message["result"]?["off"]?.integer
            else { throw Refusal(description: "what answers is no gateway") }
            self.epoch = epoch
            if place == .now || place == .oldest {
                place = .after(epoch: epoch, offset: Int(offset))
            }
            backoff.established(at: seconds)
            return true
        default: break
        }
        guard message["jsonrpc"] == "2.0" else {
            throw Ended(description: "what came is not JSON-RPC 2.0")
        }
        guard let params = message["params"] else { return true }
        switch message["method"]?.string {
        case "events.batch" where !isOurs(params), "events.gap" where !isOurs(params): return true
        case "events.batch": return try batch(params)
        case "events.gap":
            guard params["from"]?.integer != nil, params["to"]?.integer != nil else {
                throw Ended(description: "a gap without its ends")
            }
            output.gap(params)
            epoch = params["epoch"]?.string ?? epoch
            moved(to: params["to"]?.integer)
        case "session.bye":
            let milliseconds = params["retryAfterMs"]?.integer ?? 0
            wantedAfter = min(Double(max(0, milliseconds)) / 1_000, Self.longestWish)
        case "session.hb":
            try send(["jsonrpc": "2.0", "method": "sub.ack", "params": ["acks": []]], stream)
        default: break
        }
        return true
    }

    /// Whether a frame is of our one subscription.
    private func isOurs(_ params: JsonValue) -> Bool { params["sub"]?.integer == 1 }

    /// - Returns: as ``take(_:_:)``.
    private func batch(_ params: JsonValue) throws -> Bool {
        let batch = try TailBatch(params, after: place.offset)
        for item in batch.items {
            output.event(item.parts, epoch: epoch)
            place = .after(epoch: epoch, offset: Int(item.offset))
            if let count = left {
                left = count - 1
                if count == 1 { return false }
            }
        }
        moved(to: batch.scanned)
        return true
    }

    private func moved(to offset: Int64?) {
        guard let offset else { return }
        place = .after(epoch: epoch, offset: Int(offset))
        unacknowledged = offset
    }

    /// Says how far it is, ten times a second at most.
    private func acknowledge(_ stream: ServerStream) throws {
        guard let offset = unacknowledged else { return }
        let now = ContinuousClock.now
        let due = acknowledgedAt + .milliseconds(Self.acknowledgeMilliseconds)
        if due > now { Thread.sleep(forTimeInterval: (due - now) / .seconds(1)) }
        acknowledgedAt = ContinuousClock.now
        unacknowledged = nil
        try send(
            [
                "jsonrpc": "2.0", "method": "sub.ack",
                "params": ["acks": [[1, .integer(offset)]]],
            ], stream)
    }
}
