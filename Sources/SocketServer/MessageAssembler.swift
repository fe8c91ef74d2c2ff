/// Puts a message together from the pieces of its fragments, within bounds.
struct MessageAssembler {
    /// What has become of the message.
    enum Outcome: Equatable {
        /// More is to come.
        case more
        /// It is complete.
        case message([UInt8])
        /// It breaks a bound: close 1009.
        case tooBig
        /// It is not UTF-8: close 1007.
        case notText
    }

    private let byteLimit: Int
    private let fragmentLimit: Int
    private var bytes: [UInt8] = []
    private var fragments = 0
    private var checker = Utf8Checker()

    init(byteLimit: Int, fragmentLimit: Int) {
        self.byteLimit = byteLimit
        self.fragmentLimit = fragmentLimit
    }

    /// Takes the next piece of a text message.
    ///
    /// - Parameters:
    ///   - piece: unmasked payload.
    ///   - isNewFrame: whether a frame starts with it.
    ///   - remaining: payload of the same frame that has not come yet; what a peer announces
    ///     counts at once, before it is sent.
    ///   - isFinal: whether the message ends with it.
    mutating func add(
        _ piece: [UInt8], isNewFrame: Bool, remaining: Int, isFinal: Bool
    ) -> Outcome {
        if isNewFrame { fragments += 1 }
        let room = byteLimit - bytes.count - piece.count
        guard room >= 0, remaining <= room, remaining >= 0, fragments <= fragmentLimit else {
            clear()
            return .tooBig
        }
        guard checker.accept(piece) else {
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
        checker = Utf8Checker()
    }
}
