/// Bounds of asking other servers; each is tested at its value and one beyond.
package struct HttpClientLimits: Sendable {
    /// Bytes of an answer's body.
    package var answerBytes = 256 << 10
    /// Bytes of an answer's head, and of all that stands between the parts of its body.
    package var headBytes = 16 << 10
    /// Seconds for a whole exchange. To find out the server's address may take longer, as long as the system's
    /// resolver does; the exchange then ends at once.
    package var exchangeSeconds = 10.0
    /// Exchanges at once, each on a thread of its own; one more is refused.
    package var atOnce = 20

    /// The default bounds.
    package init() {}
}
