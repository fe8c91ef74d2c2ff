/// Takes a server's frames apart, as a client must (RFC 6455, 5): puts fragments together, within a bound.
package struct WebSocketReader: Sendable {
    /// What came.
    package enum Message: Sendable, Equatable {
        /// A whole text message.
        case text([UInt8])
        /// To be answered by a pong of the same content.
        case ping([UInt8])
        /// The end, with its code (1005 if it has none) and reason.
        case close(UInt16, String)
    }

    /// Why the stream cannot be read on.
    package struct Fault: Error, Sendable, Equatable {
        /// One sentence.
        package let reason: String
    }

    /// Bytes of one message at most; a gateway's frames have 64 KiB.
    package static let messageBytes = 1 << 20

    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var message: [UInt8] = []
    private var isInside = false

    /// Makes a reader at the start of a stream.
    package init(limit: Int = WebSocketReader.messageBytes) {
        self.limit = limit
    }

    /// Takes what came from the socket.
    package mutating func feed(_ bytes: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    /// The next message; `nil` until more was fed.
    package mutating func next() throws(Fault) -> Message? {
        while let (first, payload) = try frame() {
            start = payload.upperBound
            let isFinal = first & 0x80 != 0
            guard first & 0x70 == 0 else { throw Fault(reason: "a frame with unknown flags") }
            let content = Array(buffer[payload])
            switch first & 0x0F {
            case 0x8...0xF where !isFinal || content.count > 125:
                throw Fault(reason: "a control frame that is cut or too long")
            case 0x0, 0x1:
                guard (first & 0x0F == 0) == isInside else {
                    throw Fault(reason: "fragments out of order")
                }
                guard message.count + content.count <= limit else {
                    throw Fault(reason: "a message of more than \(limit) bytes")
                }
                message += content
                isInside = !isFinal
                guard isFinal else { continue }
                defer { message = [] }
                return .text(message)
            case 0x8: return close(content)
            case 0x9: return .ping(content)
            case 0xA: continue
            default: throw Fault(reason: "a frame that is not text")
            }
        }
        return nil
    }

    private func close(_ content: [UInt8]) -> Message {
        guard content.count >= 2 else { return .close(1005, "") }
        let reason = String(decoding: content.dropFirst(2), as: UTF8.self)
        return .close(UInt16(content[0]) << 8 | UInt16(content[1]), reason)
    }

    private func frame() throws(Fault) -> (first: UInt8, payload: Range<Int>)? {
        guard buffer.count - start >= 2 else { return nil }
        guard buffer[start + 1] & 0x80 == 0 else { throw Fault(reason: "a masked frame") }
        var length = UInt64(buffer[start + 1])
        var head = start + 2
        if length >= 126 {
            let size = length == 126 ? 2 : 8
            guard buffer.count - head >= size else { return nil }
            length = buffer[head..<head + size].reduce(0) { $0 << 8 | UInt64($1) }
            head += size
        }
        guard length <= UInt64(limit) else {
            throw Fault(reason: "a frame of more than \(limit) bytes")
        }
        guard buffer.count - head >= Int(length) else { return nil }
        return (buffer[start], head..<head + Int(length))
    }
}

extension WebSocketReader {
    /// A client's frame.
    ///
    /// - Parameters:
    ///   - opcode: 1 text, 8 close, 10 pong.
    ///   - mask: random, another for each frame.
    package static func frame(_ opcode: UInt8, _ payload: [UInt8], mask: UInt32) -> [UInt8] {
        var frame: [UInt8] = [0x80 | opcode]
        switch payload.count {
        case ..<126: frame.append(0x80 | UInt8(payload.count))
        case ..<65_536:
            frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            frame.append(0x80 | 127)
            frame += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let key = (0..<4).map { UInt8(truncatingIfNeeded: mask >> (24 - 8 * $0)) }
        frame += key
        for (index, byte) in payload.enumerated() { frame.append(byte ^ key[index & 3]) }
        return frame
    }
}
