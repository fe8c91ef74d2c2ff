internal import Ports

/// Arguments of `queue.purge`.
struct PurgeSpec: Equatable, Sendable {
    /// The queue.
    var queue: String
    /// Nothing is removed if it holds more messages.
    var messagesMax: Int?
    /// Seconds for which what is removed can be restored; 0: not at all.
    var keep: Double = TrashLimits.keepSeconds

    /// The row of its trash; `nil` if it cannot be undone.
    func trash(of command: CommandRecord) -> TrashRecord? {
        guard keep > 0 else { return nil }
        return TrashRecord(
            id: command.id, queue: queue, by: command.by, at: command.at,
            expiresAt: command.at + keep)
    }
}
