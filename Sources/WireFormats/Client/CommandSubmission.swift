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
