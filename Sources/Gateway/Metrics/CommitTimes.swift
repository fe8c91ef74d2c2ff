internal import DequeModule
internal import LiveSync

/// When the last revisions were made, for how late somebody hears of them.
struct CommitTimes {
    /// Revisions that are remembered: more than ten seconds of ticks.
    static let limit = 1_024

    private var commits = Deque<(revision: Int, at: Milliseconds)>()

    /// Notes the newest revision, if it is new.
    mutating func note(_ revision: Int, at now: Milliseconds) {
        guard revision > commits.last?.revision ?? -1 else { return }
        if commits.count == Self.limit { commits.removeFirst() }
        commits.append((revision, now))
    }

    /// When the first revision after one was made, or the oldest that is remembered; `nil` if there is none
    /// after it.
    func first(after revision: Int) -> Milliseconds? {
        var (low, high) = (0, commits.count)
        while low < high {
            let middle = (low + high) / 2
            if commits[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return low < commits.count ? commits[low].at : nil
    }
}
