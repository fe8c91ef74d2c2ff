/// Bounds of purges that can be undone.
enum TrashLimits {
    /// Seconds for which purged messages are kept, if the client names none.
    static let keepSeconds: Double = 86_400
    /// The longest time that a client may name, seconds.
    static let longestKeepSeconds: Double = 7 * 86_400
    /// Messages put back by one script: it holds the broker up.
    static let restoredAtOnce = 10_000
    /// Bytes after which a script stops before that.
    static let restoredBytesAtOnce = 64 << 20
    /// Messages that a script has in its memory at a time.
    static let piece = 50
    /// Messages of a queue's end that a script looks through for those of the same purge that were put
    /// back before.
    static let soughtAtOnce = 20_000
    /// Messages in which one script looks for task ids.
    static let searchedAtOnce = 2_000
    /// Messages of the ids of one command: an id may stand on several.
    static let foundByID = 5_000
    /// How often the ids of a command are looked for again, because others restore meanwhile.
    static let searches = 5
    /// Seconds for which a script that ran is remembered.
    static let markSeconds = 86_400
    /// Purges whose keys are looked at in one round trip.
    static let comparedAtOnce = 100
    /// Milliseconds between two scripts of one command, for the broker's other clients.
    static let pauseMilliseconds = 2
}
