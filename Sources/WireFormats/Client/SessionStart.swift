/// `session.start` (R4).
package struct SessionStart: Sendable, Equatable {
    /// How the client says who it is (R3).
    package enum Proof: Sendable, Equatable {
        /// The cookie of the handshake, and the token that only our page knows.
        case cookie(csrf: String)
        /// A bearer token in this frame.
        case bearer(String)
        /// A one-time ticket of `POST /api/tickets`.
        case ticket(String)
        /// The bearer token of the handshake.
        case handshake
    }

    /// The version the client speaks; 1 if it says none.
    package var major: Int
    /// How it says who it is.
    package var proof: Proof
    /// What it calls itself, for logs; at most 64 characters.
    package var client: String
    /// The opaque text it was given to come back with.
    package var resume: String?
    /// Which display or process it is, if it says so: a newer session of the same one takes over.
    package var instance: String? = nil
}
