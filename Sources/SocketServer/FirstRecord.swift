/// The first record of a TLS connection, the client's hello, as far as it has come (RFC 8446, 5.1).
enum FirstRecord: Equatable {
    /// It is all there.
    case whole
    /// It is not: so many bytes must have come before it is worth another look.
    case short(of: Int)
    /// Not a record of a handshake, or longer than one may be.
    case foreign

    /// Type, version and length.
    static let headBytes = 5
    /// Bytes of a record at most; its head tells how many follow.
    static let mostBytes = headBytes + 1 << 14

    /// Judges what came first.
    ///
    /// - Parameters:
    ///   - start: the first bytes, up to ``headBytes`` of them.
    ///   - count: how many bytes came.
    init(_ start: some RandomAccessCollection<UInt8>, of count: Int) {
        let head = Array(start.prefix(Self.headBytes))
        guard head.first ?? Self.handshake == Self.handshake else {
            self = .foreign
            return
        }
        guard head.count == Self.headBytes else {
            self = .short(of: Self.headBytes)
            return
        }
        let length = Self.headBytes + Int(head[3]) << 8 + Int(head[4])
        self =
            length > Self.mostBytes ? .foreign : count >= length ? .whole : .short(of: length)
    }

    private static let handshake: UInt8 = 22
}
