/// Why a frame or a request is refused, with the codes of R11.
package struct FrameFault: Error, Sendable, Equatable {
    /// The codes of JSON-RPC 2.0 and of R11.
    package enum Code: Int, Sendable, CaseIterable {
        /// Not JSON, or beyond the limits of JSON that we take.
        case parse = -32700
        /// Not a request: a batch, a wrong version, a notification that clients may not send.
        case invalidRequest = -32600
        /// No such method.
        case unknownMethod = -32601
        /// Parameters of wrong type or out of range.
        case invalidParams = -32602
        /// A fault of the gateway.
        case internalError = -32603
        /// Nobody is signed in.
        case unauthenticated = 1001
        /// The role may not do this.
        case forbidden = 1003
        /// No such topic, or not readable in this way.
        case unknownTopic = 1004
        /// A filter, order or cursor that is not allowed.
        case badFilter = 1005
        /// The id, subscription number or idempotency key is in use for something else.
        case conflict = 1009
        /// The world is no longer as `expect` says.
        case precondition = 1010
        /// Too large.
        case tooLarge = 1011
        /// A limit was reached.
        case limit = 1012
        /// Busy.
        case busy = 1013
        /// The broker or the records cannot be reached: nothing was done, nothing is queued.
        case brokerDown = 1014
        /// This broker or worker cannot do that.
        case unsupported = 1015
    }

    /// The code.
    package var code: Code
    /// What is wrong, and how to mend it.
    package var message: String
    /// Milliseconds after which the same request may succeed; `nil` if it never will.
    package var retryAfterMilliseconds: Int?
    /// Figures for programs, such as what was found instead of what was expected.
    package var detail: JsonValue = .null

    /// Makes a fault.
    package init(
        _ code: Code, _ message: String, retryAfterMilliseconds: Int? = nil,
        detail: JsonValue = .null
    ) {
        self.detail = detail
        self.code = code
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }
}
