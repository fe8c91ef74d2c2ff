/// How many of the tasks that ended lately had been announced by who published them: a `task-sent`
/// event, which only programs with `task_send_sent_event` send.
struct Announcements: Sendable {
    /// Tasks after which the counts are halved, so that old ones weigh less and less.
    static let window = 200
    /// Tasks that are enough to judge by.
    static let least = 20

    private var ended = 0
    private var announced = 0

    mutating func note(isAnnounced: Bool) {
        if ended >= Self.window {
            ended /= 2
            announced /= 2
        }
        ended += 1
        if isAnnounced { announced += 1 }
    }

    /// The share of tasks that were announced, 0 ... 1; `nil` while too few have ended.
    var share: Double? { ended < Self.least ? nil : Double(announced) / Double(ended) }
}
