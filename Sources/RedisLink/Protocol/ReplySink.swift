/// Takes the pieces of replies as the parser meets them, depth first.
///
/// Each method returns whether the piece is accepted; a refusal ends the connection, with
/// ``refusal`` as the reason. Bytes are valid during the call only.
class ReplySink {
    /// What a string is.
    enum Kind {
        case bulk
        case status
        case error
    }

    /// Why a piece was refused.
    final var refusal: String?

    /// Whether ``whole(_:)`` may take something.
    var takesWhole: Bool { false }

    /// Takes the whole reply at the beginning of `bytes`, if it is one that need not be parsed in pieces.
    ///
    /// Called between replies only.
    ///
    /// - Returns: the bytes of the reply; 0 if the parser is to read it.
    func whole(_ bytes: UnsafeRawBufferPointer) -> Int { 0 }

    /// An array of `count` pieces follows.
    func beginArray(_ count: Int) -> Bool { false }
    /// A string.
    func string(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) -> Bool { false }
    /// An integer.
    func integer(_ value: Int64) -> Bool { false }
    /// A null string or array.
    func null() -> Bool { false }

    /// Notes why a piece is refused; returns false for the caller to return.
    final func refuse(_ reason: String) -> Bool {
        if refusal == nil { refusal = reason }
        return false
    }
}
