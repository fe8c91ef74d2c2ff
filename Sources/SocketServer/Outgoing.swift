/// An answer on its way out: the head is written together with the start of the body.
struct Outgoing {
    /// Bytes handed to libwebsockets at once: what it cannot send, it copies.
    static let slice = 64 * 1024

    private let head: [UInt8]
    private let body: [UInt8]
    private var offset = 0
    private var isHeadOut = false

    init(head: [UInt8], body: [UInt8]) {
        self.head = head
        self.body = body
    }

    var isDone: Bool { isHeadOut && offset == body.count }

    /// The next bytes to write, at most a head and a slice.
    mutating func next() -> ArraySlice<UInt8> {
        let end = min(body.count, offset + Self.slice)
        defer {
            offset = end
            isHeadOut = true
        }
        return isHeadOut ? body[offset..<end] : (head + body[offset..<end])[...]
    }
}
