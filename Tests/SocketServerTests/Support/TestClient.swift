import Foundation
import Glibc

/// A TCP connection that speaks just enough HTTP and WebSocket to be rude in every way a test needs.
///
/// It blocks; a read that gets nothing for ten seconds fails.
final class TestClient {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    struct Answer {
        var status: Int
        var headers: [(String, String)]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }

        func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }
        func all(_ name: String) -> [String] { headers.filter { $0.0 == name }.map(\.1) }
    }

    struct Frame: Equatable {
        var opcode: UInt8
        var isFinal: Bool
        var payload: [UInt8]
        var text: String { String(decoding: payload, as: UTF8.self) }
        /// The code of a Close frame.
        var closeCode: Int? {
            opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
        }
        var closeReason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    private(set) var descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var time = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(description: "connect: errno \(errno)") }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    }

    deinit { close() }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: - Bytes

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "send: errno \(errno)") }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Reads what there is; `false` at the end of the connection, also an abrupt one.
    @discardableResult
    func receive(_ most: Int = 65_536) throws -> Bool {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        var piece = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &piece, most, 0)
        if count == 0 { return false }
        if count < 0 {
            if errno == ECONNRESET || errno == EPIPE { return false }
            throw Failure(description: "recv: errno \(errno), so far \(buffer.count) bytes")
        }
        buffer += piece[..<count]
        return true
    }

    /// The next bytes, or `nil` if the connection ends before.
    func take(_ count: Int) throws -> [UInt8]? {
        while buffer.count - start < count {
            guard try receive() else { return nil }
        }
        defer { start += count }
        return Array(buffer[start..<(start + count)])
    }

    /// Everything until the end of the connection.
    func takeRest() throws -> [UInt8] {
        while try receive() {}
        defer { start = buffer.count }
        return Array(buffer[start...])
    }

    /// Sends a text again and again from a thread of its own, until the connection ends.
    func drip(_ text: String, milliseconds: UInt32) {
        let copy = dup(descriptor)
        Thread.detachNewThread {
            let bytes = Array(text.utf8)
            for _ in 0..<100 {
                guard Glibc.send(copy, bytes, bytes.count, Int32(MSG_NOSIGNAL)) > 0 else { break }
                usleep(milliseconds * 1_000)
            }
            Glibc.close(copy)
        }
    }

    // MARK: - HTTP

    /// Reads an answer; `nil` if the connection ends before one.
    func answer(toHead: Bool = false) throws -> Answer? {
        var head: [UInt8] = []
        while !head.hasSuffix([13, 10, 13, 10]) {
            guard let byte = try take(1) else { return nil }
            head += byte
        }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), String(parts[1].drop { $0 == " " }))
        }
        var answer = Answer(status: status, headers: headers, body: [])
        if !toHead, status >= 200, let length = answer.header("content-length").flatMap({ Int($0) })
        {
            guard let body = try take(length) else { return nil }
            answer.body = body
        }
        return answer
    }

    /// Sends a request and reads the answer.
    func request(
        _ method: String, _ path: String, _ headers: [String] = [], body: [UInt8] = []
    ) throws -> Answer? {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + headers
        let length = body.isEmpty ? [] : ["Content-Length: \(body.count)"]
        try send(Array(((lines + length).joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
        return try answer(toHead: method == "HEAD")
    }

    func get(_ path: String, _ headers: [String] = []) throws -> Answer? {
        try request("GET", path, headers)
    }

    // MARK: - WebSocket

    static let upgradeHeaders = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: celeriac.v1.json",
    ]

    /// Asks for an upgrade; headers replace those of the same name, an empty value removes one.
    func upgrade(_ path: String = "/ws/v1", _ changes: [String] = []) throws -> Answer? {
        func name(_ line: String) -> String { line.prefix { $0 != ":" }.lowercased() }
        let changed = Set(changes.map(name))
        let headers =
            Self.upgradeHeaders.filter { !changed.contains(name($0)) }
            + changes.filter { !$0.hasSuffix(": ") }
        return try get(path, headers)
    }

    /// A client's frame.
    static func frame(
        _ payload: [UInt8], opcode: UInt8 = 1, isFinal: Bool = true, isMasked: Bool = true
    ) -> [UInt8] {
        var bytes: [UInt8] = [opcode | (isFinal ? 0x80 : 0)]
        let bit: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case 0..<126: bytes.append(bit | UInt8(payload.count))
        case 126..<65_536:
            bytes += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default:
            bytes.append(bit | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
            }
        }
        guard isMasked else { return bytes + payload }
        let mask: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    func sendText(_ text: String) throws { try send(Self.frame(Array(text.utf8))) }

    func sendClose(_ code: Int, _ reason: String = "") throws {
        try send(
            Self.frame([UInt8(code >> 8), UInt8(code & 255)] + Array(reason.utf8), opcode: 8))
    }

    /// The next frame, or `nil` if the connection ends.
    func frame() throws -> Frame? {
        guard let head = try take(2) else { return nil }
        var length = Int(head[1] & 0x7f)
        if length == 126 || length == 127 {
            guard let bytes = try take(length == 126 ? 2 : 8) else { return nil }
            length = bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let payload = try take(length) else { return nil }
        return Frame(opcode: head[0] & 15, isFinal: head[0] & 0x80 != 0, payload: payload)
    }

    /// The next frame that is not a Ping.
    func message() throws -> Frame? {
        while let frame = try frame() {
            if frame.opcode != 9 { return frame }
        }
        return nil
    }
}

extension Array where Element: Equatable {
    func hasSuffix(_ other: [Element]) -> Bool { Array(suffix(other.count)) == other }
}
