/// The id a client gave its request (R8).
package enum RequestID: Sendable, Hashable {
    /// A whole number below 2^53 in magnitude.
    case number(Int64)
    /// At most 64 bytes.
    case text(String)
}
