internal import LiveSync

/// Decides when the next tick is: the one moment at which what was learned becomes rows, a revision,
/// and frames for the clients that are due (R47).
///
/// Leading edge: the first change after quiet makes a tick at once, later ones wait until the last tick
/// is long enough ago. A client that waits for its own time (`maxHz`) is told at the first tick
/// afterwards. There is no second timer behind this one, so no delay adds to another.
///
/// It knows no clock: times come in, and whoever owns it sets the timer.
struct TickPacer {
    /// Milliseconds between two ticks at least, while they are cheap.
    let shortest: Milliseconds
    /// Share of the time that ticks may take: beyond it they move apart.
    let share: Double
    /// When the next tick is; `nil` if nothing waits for one.
    private(set) var planned: Milliseconds?
    /// When the last one was; long ago at first.
    private var tickedAt: Milliseconds = .min / 2
    /// Milliseconds that the last one took.
    private var cost = 0.0

    /// Starts quiet.
    init(shortest: Milliseconds, share: Double) {
        self.shortest = shortest
        self.share = share
    }

    /// Something was learned, or changed.
    ///
    /// - Returns: when to tick, if that is sooner than what was said before.
    mutating func changed(now: Milliseconds) -> Milliseconds? {
        plan(max(now, tickedAt + spacing))
    }

    /// A client has something to be told that its pace holds back until a moment.
    ///
    /// - Returns: as ``changed(now:)``.
    mutating func waits(until due: Milliseconds, now: Milliseconds) -> Milliseconds? {
        plan(max(now, due, tickedAt + spacing))
    }

    /// The tick begins: what is asked for from now on is for the next one.
    mutating func began(now: Milliseconds) {
        planned = nil
        tickedAt = now
    }

    /// The tick is over.
    ///
    /// - Parameter cost: milliseconds it took.
    mutating func ended(cost: Double) {
        self.cost = cost
    }

    /// Milliseconds from one tick to the next at least.
    private var spacing: Milliseconds {
        max(shortest, Milliseconds((cost / share).rounded(.up)))
    }

    private mutating func plan(_ moment: Milliseconds) -> Milliseconds? {
        if let planned, planned <= moment { return nil }
        planned = moment
        return moment
    }
}
