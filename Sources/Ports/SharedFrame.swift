internal import EventLoop

/// A WebSocket message encoded once for any number of receivers: header and payload, ready to write.
package final class SharedFrame: Sendable {
    /// The bytes on the wire: RFC 6455 header (unmasked, FIN, text) and payload.
    package let bytes: [UInt8]
    /// Where the payload starts.
    package let payloadOffset: Int
    /// Whether the payload may be compressed. Not if it carries a secret beside texts that others choose:
    /// the length would tell about the secret (RFC 7692, 8).
    package let isCompressible: Bool
    /// The same message compressed, for receivers that negotiated permessage-deflate.
    @LoopActor package var compressed = Compressed.untried

    /// What became of compressing a frame: it is done at most once, by whoever first needs it.
    package enum Compressed: Sendable {
        /// Nobody has needed it.
        case untried
        /// It is not worth it.
        case useless
        /// The bytes on the wire, with RSV1 (RFC 7692, 7.2).
        case done([UInt8])
    }

    /// Makes a text frame.
    ///
    /// - Parameters:
    ///   - text: UTF-8 payload.
    ///   - isCompressible: see ``isCompressible``.
    package convenience init(text: [UInt8], isCompressible: Bool = false) {
        self.init(0x81, text, isCompressible: isCompressible)
    }

    /// Makes a binary frame.
    package convenience init(binary: [UInt8], isCompressible: Bool = false) {
        self.init(0x82, binary, isCompressible: isCompressible)
    }

    private init(_ first: UInt8, _ payload: [UInt8], isCompressible: Bool) {
        var bytes = Self.head(first, length: payload.count)
        payloadOffset = bytes.count
        bytes += payload
        self.bytes = bytes
        self.isCompressible = isCompressible
    }

    /// The header of a server's frame (RFC 6455, 5.2), with room for its payload.
    ///
    /// - Parameter first: FIN, RSV and opcode.
    package static func head(_ first: UInt8, length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length + 10)
        bytes.append(first)
        switch length {
        case 0..<126:
            bytes.append(UInt8(length))
        case 126..<65536:
            bytes += [126, UInt8(length >> 8), UInt8(length & 0xff)]
        default:
            bytes.append(127)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: length >> shift))
            }
        }
        return bytes
    }
}
