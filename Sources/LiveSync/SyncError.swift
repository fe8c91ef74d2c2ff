/// Why the engine refused what a client asked for.
package struct SyncError: Error, Sendable, Equatable {
    /// The kinds of refusal; `WireFormats` gives each its JSON-RPC code (R11).
    package enum Code: Sendable, Equatable {
        /// No such topic, or one that is not read in this way (1004).
        case unknownTopic
        /// The filter, order or cursor is not allowed (1005).
        case badFilter
        /// The subscription's number is in use (1009).
        case conflict
        /// No subscription of that number (1009).
        case notOpen
        /// Too many subscriptions or windows of this session (1012): waiting does not help, closing
        /// one does.
        case full
        /// Too many moves, or too much is in use by everybody (1012, may be tried again).
        case limit
    }

    /// Which kind.
    package let code: Code
    /// One sentence for the client's developer.
    package let message: String

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
