/// Why a WebSocket is closed, and what the client may do then (protocol 2.11).
package enum CloseCode: UInt16, Sendable, CaseIterable {
    case normal = 1000
    case goingAway = 1001
    case binary = 1003
    case invalidText = 1007
    case tooBig = 1009
    case malformed = 4400
    case unauthenticated = 4401
    case forbidden = 4403
    case version = 4406
    case slow = 4408
    case replaced = 4409
    case overCapacity = 4413
    case rateLimited = 4429
    case internalError = 4500

    /// Whether the client may connect again by itself.
    package var mayReconnect: Bool {
        switch self {
        case .goingAway, .slow, .overCapacity, .rateLimited, .internalError: true
        case .unauthenticated: true
        case .normal, .binary, .invalidText, .tooBig, .malformed, .forbidden, .version, .replaced:
            false
        }
    }
}
