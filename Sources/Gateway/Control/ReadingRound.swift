/// A round of readings that is done bit by bit where it costs more than may be spent at once: each item
/// has its turn before the first has its next.
struct ReadingRound<Item> {
    private var rest: ArraySlice<Item> = []

    /// What is still to be read in this round.
    var count: Int { rest.count }

    /// Begins the next round, if this one is over.
    mutating func begin(_ all: @autoclosure () -> [Item]) {
        if rest.isEmpty { rest = all()[...] }
    }

    /// Takes the next items, at most so many.
    mutating func take(_ most: Int) -> [Item] {
        let taken = rest.prefix(max(0, most))
        rest = rest.dropFirst(taken.count)
        return Array(taken)
    }
}
