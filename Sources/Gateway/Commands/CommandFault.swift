/// Why a command was refused before anything was sent.
struct CommandFault: Error, Equatable {
    /// The protocol's error code (R11).
    enum Code: Int, Equatable {
        case forbidden = 1003
        case invalid = -32602
        case unknownCommand = -32601
        case conflict = 1009
        case precondition = 1010
        case tooLarge = 1011
        case limited = 1012
        case busy = 1013
        case brokerDown = 1014
        case unsupported = 1015
    }

    /// The protocol's error code.
    var code: Code
    /// What is wrong, where, and how to mend it; shown to people.
    var message: String
    /// Milliseconds after which the same request may succeed; `nil` if it never will.
    var retryAfterMilliseconds: Int?

    init(_ code: Code, _ message: String, retryAfterMilliseconds: Int? = nil) {
        self.code = code
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    /// A faulty argument: names it, says what it must be.
    static func argument(_ name: String, _ must: String) -> CommandFault {
        CommandFault(.invalid, "args.\(name) \(must)")
    }
}
