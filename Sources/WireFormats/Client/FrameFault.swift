/// Why a frame or a request is refused, with the codes of R11.
package struct FrameFault: Error, Sendable, Equatable {
    /// The codes of JSON-RPC 2.0 and of R11.
    package enum Code: Int, Sendable {
        case parse = -32700
        case invalidRequest = -32600
        case unknownMethod = -32601
        case invalidParams = -32602
        case unauthenticated = 1001
        case forbidden = 1003
        case unknownTopic = 1004
        case badFilter = 1005
        case conflict = 1009
        case precondition = 1010
        case tooLarge = 1011
        case limit = 1012
        case busy = 1013
        case brokerDown = 1014
        case unsupported = 1015
    }

    /// The code.
    package var code: Code
    /// What is wrong, and how to mend it.
    package var message: String
    /// Milliseconds after which the same request may succeed; `nil` if it never will.
    package var retryAfterMilliseconds: Int?

    /// Makes a fault.
    package init(_ code: Code, _ message: String, retryAfterMilliseconds: Int? = nil) {
        self.code = code
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }
}
