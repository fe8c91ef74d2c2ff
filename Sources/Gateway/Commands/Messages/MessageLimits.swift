/// Bounds of looking for one waiting message.
enum MessageLimits {
    /// Messages looked at from the end at which consumers take them; one further back is not found.
    static let searched = 10_000
    /// Messages looked at in one script: a script holds the server up.
    static let searchedAtOnce = 1_000
    /// Bytes of messages after which a script stops as well.
    static let bytesAtOnce = 2 << 20
    /// Messages read at a time within a script; fewer if they are large.
    static let readAtOnce = 25
    /// Messages above this are searched at their end only, as they are shown (``QueueReader``).
    static let wholeBytes = 128 << 10
    /// Times that a queue is searched, if it moved meanwhile.
    static let passes = 2
    /// Milliseconds between questions whether a command was carried out whose answer was lost.
    static let askAgainMilliseconds = 500
    /// Seconds for which the broker remembers that a command was carried out.
    static let markerSeconds = 86_400
}
