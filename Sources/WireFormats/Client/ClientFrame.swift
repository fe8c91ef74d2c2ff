package import LiveSync

/// One frame from a client: a request, or the one notification that clients may send (R7, R8).
package enum ClientFrame: Sendable, Equatable {
    /// A request; it is answered exactly once.
    case request(RequestID, Call)
    /// `sub.ack`.
    case acknowledge([Acknowledgement])

    /// What a client may ask for.
    package enum Call: Sendable, Equatable {
        /// `session.start`
        case start(SessionStart)
        /// `sub.open`
        case open(SubscriptionRequest)
        /// `view.open`
        case openView(ViewRequest)
        /// `view.move`
        case move(subscription: Int, after: SortBound?)
        /// `sub.close` and `view.close`
        case close(subscription: Int)
        /// `sub.resync`
        case resync(subscription: Int)
        /// `cmd.submit`
        case submit(CommandSubmission)
    }
}

/// `session.start` (R4).
package struct SessionStart: Sendable, Equatable {
    /// How the client says who it is (R3).
    package enum Proof: Sendable, Equatable {
        /// The cookie of the handshake, and the token that only our page knows.
        case cookie(csrf: String)
        /// A bearer token in this frame.
        case bearer(String)
        /// The bearer token of the handshake.
        case handshake
    }

    /// The version the client speaks.
    package var major: Int
    /// How it says who it is.
    package var proof: Proof
    /// What it calls itself, for logs.
    package var client: String
    /// Whether it asked to resume: only told that its subscriptions resume one by one.
    package var wantsResume: Bool
}

/// `cmd.submit` (R38-R41).
package struct CommandSubmission: Sendable, Equatable {
    /// Name of the command.
    package var command: String
    /// Its arguments, an object or null.
    package var args: JsonValue
    /// Preconditions, an object or null.
    package var expect: JsonValue
    /// Idempotency key.
    package var key: String
    /// Seconds until the command becomes `unknown`.
    package var deadline: Double?
}

/// A frame that was refused, with the id to answer to if it had one.
package struct FrameRefusal: Error, Sendable, Equatable {
    /// The request's id, if it could be read.
    package var id: RequestID?
    /// Why.
    package var fault: FrameFault
    /// Whether the frame was no JSON-RPC object at all: the connection is closed with 4400.
    package var isMalformed: Bool
}
