/// Decides what is given up when the loop cannot keep up (R48), and when it is taken up again.
///
/// The measure is how late the loop's timers are: whatever keeps it busy, that is what clients feel.
/// Every step must be deserved for some seconds, so that one long turn changes nothing; and a step is
/// taken back later than it was taken, so that the two do not alternate.
struct OverloadGovernor {
    /// What is given up, each level with those before it.
    enum Level: Int, Comparable, CaseIterable {
        /// Nothing.
        case none
        /// Everybody is told once a second only.
        case slow
        /// Windows that follow stand still.
        case still
        /// Nobody new comes in.
        case closed

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        /// Milliseconds of lateness from which it is deserved.
        var threshold: Double {
            switch self {
            case .none: 0
            case .slow: 250
            case .still: 500
            case .closed: 1_000
            }
        }
    }

    /// Seconds in a row for which a level must be deserved.
    static let patience = 3
    /// Seconds in a row below half of a level's threshold until it is left.
    static let recovery = 10

    private(set) var level = Level.none
    private var above = 0
    private var below = 0

    /// Takes the worst lateness of the last second, milliseconds.
    ///
    /// - Returns: whether the level changed.
    mutating func sample(_ lateness: Double) -> Bool {
        if let next = Level(rawValue: level.rawValue + 1), lateness >= next.threshold {
            below = 0
            above += 1
            guard above >= Self.patience else { return false }
            above = 0
            level = next
            return true
        }
        above = 0
        guard level > .none, lateness < level.threshold / 2 else {
            below = 0
            return false
        }
        below += 1
        guard below >= Self.recovery, let last = Level(rawValue: level.rawValue - 1) else {
            return false
        }
        below = 0
        level = last
        return true
    }
}
