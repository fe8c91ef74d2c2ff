/// A share of the commands that we may cause in a minute: a sixth of it may be spent at once, the
/// rest comes back over the minute, so that no minute sees more than the share.
///
/// It may be overdrawn once and is then shut until time has paid for it, so that even a round dearer
/// than the share is done in the end. Pure: times come in.
struct CostShare {
    /// Commands per minute.
    let perMinute: Double
    /// What can be spent now; below 0 if more was spent than there was.
    private(set) var left: Double
    private var paidAt: Double

    private var burst: Double { perMinute / 6 }

    /// Begins with what may be spent at once.
    init(perMinute: Double, now: Double) {
        self.perMinute = perMinute
        left = perMinute / 6
        paidAt = now
    }

    /// Takes the cost of something that is about to be done.
    ///
    /// - Returns: whether it may be done; nothing is taken if not.
    mutating func take(_ commands: Int, now: Double) -> Bool {
        pay(now)
        guard left > 0 else { return false }
        left -= Double(commands)
        return true
    }

    /// Takes the cost of a part of something that can be done bit by bit.
    ///
    /// - Parameters:
    ///   - commands: what all of it costs.
    ///   - least: what the smallest useful part costs.
    /// - Returns: how much of it may be done now; 0, and nothing is taken, if not even the least.
    mutating func take(upTo commands: Int, atLeast least: Int, now: Double) -> Int {
        pay(now)
        // A part dearer than may ever be spent at once is done when that is there.
        guard left >= min(Double(min(least, commands)), burst), left > 0 else { return 0 }
        let taken = min(commands, max(least, Int(left)))
        left -= Double(taken)
        return taken
    }

    /// Takes the cost of something that turned out dearer than was known before.
    mutating func charge(_ commands: Int, now: Double) {
        pay(now)
        left -= Double(commands)
    }

    private mutating func pay(_ now: Double) {
        left = min(burst, left + max(0, now - paidAt) * (perMinute - burst) / 60)
        paidAt = now
    }
}
