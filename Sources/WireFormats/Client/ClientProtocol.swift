/// Names and numbers of the client protocol (docs/client-protocol.md).
package enum ClientProtocol {
    /// The WebSocket subprotocol (R1).
    package static let subprotocol = "celeriac.v1.json"
    /// What every bearer token begins with; without it one fits a subprotocol (R3).
    package static let tokenPrefix = "clr_"
    /// Version of the frames: another major one is another protocol.
    package static let major = 1
    /// Additions since the major version.
    package static let minor = 0
    /// Longest client id, bytes (R8).
    package static let idBytes = 64
    /// Longest name of a topic, method or command, bytes.
    package static let nameBytes = 64
    /// Largest number of a subscription.
    package static let largestSubscription = 1 << 31
    /// Acknowledgements in one frame.
    package static let acknowledgements = 64
    /// Longest string anywhere but in a command's arguments, bytes (R10).
    package static let stringBytes = 16 << 10
    /// Longest string in a command's arguments, bytes (R10).
    package static let argumentBytes = 48 << 10
    /// Longest reason of an end, bytes (RFC 6455 5.5.1).
    package static let reasonBytes = 123
    /// Largest integer that every client can hold.
    package static let largestInteger = Int64(1) << 53 - 1
}
