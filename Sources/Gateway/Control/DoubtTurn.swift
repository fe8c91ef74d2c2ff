/// Which of the doubtful tasks have their turn: the oldest first, and those behind them the next time,
/// so that many that stay doubtful do not keep newer ones from ever being looked up.
struct DoubtTurn {
    /// Tasks looked up in one turn.
    let limit: Int
    /// How many of the oldest have had their turn, and are doubtful still.
    private(set) var skipping = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next ones; from the oldest on again when there are no more.
    ///
    /// - Parameter find: finds at most so many doubtful tasks, behind so many that are left out.
    mutating func next(_ find: (_ skipping: Int, _ limit: Int) -> [String]) -> [String] {
        let found = find(skipping, limit)
        guard found.isEmpty, skipping > 0 else { return found }
        skipping = 0
        return find(0, limit)
    }

    /// Ends a turn.
    ///
    /// - Parameters:
    ///   - looked: how many were looked up.
    ///   - doubtful: how many of those are open still.
    mutating func end(looked: Int, doubtful: Int) {
        skipping = looked < limit ? 0 : skipping + doubtful
    }
}
