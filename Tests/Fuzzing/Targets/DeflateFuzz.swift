@testable import SocketServer

/// Bytes of a message at most, as the gateway bounds it.
private let limit = 64 << 10

/// A compressed message swells to its bound and no further, is the same the next time, and is the same again
/// when it was compressed by us.
func fuzzDeflate(_ bytes: [UInt8]) throws(Violation) {
    let inflater = Inflater()
    let outcome = inflater.inflate(bytes, limit: limit)
    try expect(inflater.inflate(bytes, limit: limit) == outcome, "another outcome")
    guard case .message(let message) = outcome else { return }
    try expect(message.count <= limit, "a message of \(message.count) bytes")
    try expect(
        inflater.inflate(bytes, limit: message.count) == outcome, "its own size is too much")
    guard !message.isEmpty else { return }
    try expect(
        inflater.inflate(bytes, limit: message.count - 1) == .tooBig,
        "a byte too much is no more than allowed")
    guard let packed = Deflater().compress(message[...]) else { return }
    try expect(
        inflater.inflate(packed, limit: message.count) == outcome,
        "another message is read from what was compressed")
}
