/// Why a WebSocket is closed, and what the client may do then (protocol 2.11): the one table of it.
package enum CloseCode: UInt16, Sendable, CaseIterable {
    /// The client is done.
    case normal = 1000
    /// The gateway shuts down or drains.
    case goingAway = 1001
    /// A binary message.
    case binary = 1003
    /// A text message that is not UTF-8.
    case invalidText = 1007
    /// A message larger than the session may send.
    case tooBig = 1009
    /// A message that is no JSON-RPC request of this protocol.
    case malformed = 4400
    /// Not, or no longer, authenticated.
    case unauthenticated = 4401
    /// The role or the origin does not allow it.
    case forbidden = 4403
    /// Another version of the protocol.
    case version = 4406
    /// No acknowledgement, or no sign of life.
    case slow = 4408
    /// A newer session of the same display or bot took over.
    case replaced = 4409
    /// The gateway has as many sessions as it takes.
    case overCapacity = 4413
    /// Too many messages, warnings ignored.
    case rateLimited = 4429
    /// A fault of the gateway.
    case internalError = 4500

    /// What a client may do after it.
    package enum Reaction: Sendable, Equatable {
        /// Nothing: it asked for the end itself.
        case nothing
        /// Stop and tell a person.
        case stop
        /// Get a new credential, then connect again.
        case authenticate
        /// Connect again with backoff, but not before so many milliseconds.
        case reconnect(leastMilliseconds: Int)
    }

    /// What a client may do after it.
    package var reaction: Reaction {
        switch self {
        case .normal: .nothing
        case .binary, .invalidText, .tooBig, .malformed, .forbidden, .version, .replaced: .stop
        case .unauthenticated: .authenticate
        case .goingAway: .reconnect(leastMilliseconds: 0)
        case .slow: .reconnect(leastMilliseconds: 2_000)
        case .overCapacity: .reconnect(leastMilliseconds: 10_000)
        case .rateLimited: .reconnect(leastMilliseconds: 30_000)
        case .internalError: .reconnect(leastMilliseconds: 1_000)
        }
    }

    /// What a client does after any code, known or not (R55): 4400-4407 stop, others retry. `nil` stands
    /// for a connection that ended without a close frame.
    package static func reaction(to code: UInt16?) -> Reaction {
        if let known = code.flatMap(CloseCode.init(rawValue:)) { return known.reaction }
        if let code, 4400...4407 ~= code { return .stop }
        return CloseCode.internalError.reaction
    }

    /// Whether the client may connect again by itself.
    package var mayReconnect: Bool {
        switch reaction {
        case .nothing, .stop: false
        case .authenticate, .reconnect: true
        }
    }

    /// What it says in the table of docs/client-protocol.md.
    package var meaning: String {
        switch self {
        case .normal: "the client is done"
        case .goingAway: "the gateway shuts down"
        case .binary: "a binary message"
        case .invalidText: "a text that is not UTF-8"
        case .tooBig: "a message that is too big"
        case .malformed: "a malformed message"
        case .unauthenticated: "not, or no longer, authenticated"
        case .forbidden: "forbidden for this role or origin"
        case .version: "another version of the protocol"
        case .slow: "too slow: no acknowledgement"
        case .replaced: "replaced by a newer session of the same name"
        case .overCapacity: "this credential has as many connections as it may"
        case .rateLimited: "too many messages, or too many wrong tokens"
        case .internalError: "an internal error"
        }
    }
}
