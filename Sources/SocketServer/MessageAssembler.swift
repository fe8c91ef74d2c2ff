/// Puts a message together from the pieces of its fragments, within bounds.
struct MessageAssembler {
    /// What has become of the message.
    enum Outcome: Equatable {
        /// More is to come.
        case more
        /// It is complete.
        case message([UInt8])
        /// It is complete, and compressed: its text was not looked at.
        case compressed([UInt8])
        /// It breaks a bound: close 1009.
        case tooBig
        /// It is not UTF-8: close 1007.
        case notText
    }

    private let byteLimit: Int
    private let fragmentLimit: Int
    private var bytes: [UInt8] = []
    /// Frames of the message so far.
    private(set) var fragments = 0
    private var isCompressed = false
    private var checker = Utf8Checker()

    init(byteLimit: Int, fragmentLimit: Int) {
        self.byteLimit = byteLimit
        self.fragmentLimit = fragmentLimit
    }

    /// Takes the next piece of a message.
    ///
    /// - Parameters:
    ///   - piece: unmasked payload.
    ///   - isNewFrame: whether a frame starts with it.
    ///   - remaining: payload of the same frame that has not come yet; what a peer announces
    ///     counts at once, before it is sent.
    ///   - isFinal: whether the frame is the last of its message.
    ///   - isCompressed: whether the message that starts with it is compressed.
    ///   - isText: whether it must be UTF-8.
    mutating func add(
        _ piece: [UInt8], isNewFrame: Bool, remaining: Int, isFinal: Bool,
        isCompressed: Bool = false, isText: Bool = true
    ) -> Outcome {
        if isNewFrame { fragments += 1 }
        if isCompressed { self.isCompressed = true }
        let room = byteLimit - bytes.count - piece.count
        guard room >= 0, remaining <= room, remaining >= 0, fragments <= fragmentLimit else {
            clear()
            return .tooBig
        }
        guard !self.isCompressed else {
            bytes += piece
            guard isFinal, remaining == 0 else { return .more }
            defer { clear() }
            return .compressed(bytes)
        }
        guard !isText || checker.accept(piece) else {
            clear()
            return .notText
        }
        if isFinal, bytes.isEmpty {
            defer { clear() }
            return checker.isComplete ? .message(piece) : .notText
        }
        bytes += piece
        guard isFinal else { return .more }
        defer { clear() }
        return checker.isComplete ? .message(bytes) : .notText
    }

    /// Forgets the message; an idle socket keeps no buffer.
    mutating func clear() {
        bytes = []
        fragments = 0
        isCompressed = false
        checker = Utf8Checker()
    }
}
