/// Arguments of `queue.restore`.
struct RestoreSpec: Equatable, Sendable {
    /// What is put back.
    enum Part: Equatable, Sendable {
        /// Everything that is left.
        case all
        /// So many that would have been next.
        case first(Int)
        /// The messages of these tasks.
        case tasks([String])
    }

    /// The purge that is undone: the id of its trash.
    var trash: String
    /// What is put back.
    var part: Part
    /// The queue, once the trash is looked up.
    var queue: String?
}
