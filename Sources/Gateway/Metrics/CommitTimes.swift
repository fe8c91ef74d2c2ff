internal import LiveSync

/// When the last revisions were made, for how late somebody hears of them.
struct CommitTimes {
    /// Revisions that are remembered: more than ten seconds of ticks.
    static let limit = 1_024

    /// A ring once it is full.
    private var commits: [(revision: Int, at: Milliseconds)] = []
    /// Place of the oldest one.
    private var oldest = 0
    private var newest = -1

    /// Notes the newest revision, if it is new.
    mutating func note(_ revision: Int, at now: Milliseconds) {
        guard revision > newest else { return }
        newest = revision
        guard commits.count == Self.limit else {
            commits.append((revision, now))
            return
        }
        commits[oldest] = (revision, now)
        oldest = (oldest + 1) % Self.limit
    }

    /// When the first revision after one was made, or the oldest that is remembered; `nil` if there is none
    /// after it.
    func first(after revision: Int) -> Milliseconds? {
        var (low, high) = (0, commits.count)
        while low < high {
            let middle = (low + high) / 2
            if commit(middle).revision <= revision { low = middle + 1 } else { high = middle }
        }
        return low < commits.count ? commit(low).at : nil
    }

    private func commit(_ place: Int) -> (revision: Int, at: Milliseconds) {
        commits[(oldest + place) % commits.count]
    }
}
