/// The longest delay of the last seconds, in constant space: one figure for each second.
struct LagMeter {
    /// Seconds that the figure looks back; the present one counts as one of them.
    static let seconds = 10

    private var worst = [Double?](repeating: nil, count: seconds)
    /// The second that `worst` ends with, counted by the caller's clock.
    private var second = 0

    /// Notes a delay; a negative one, from a clock that was set back, counts as none.
    mutating func note(_ delay: Double, at now: Double) {
        advance(to: now)
        let place = second % Self.seconds
        worst[place] = max(worst[place] ?? 0, delay, 0)
    }

    /// The longest delay, `nil` if there was nothing to measure.
    mutating func longest(at now: Double) -> Double? {
        advance(to: now)
        return worst.compactMap(\.self).max()
    }

    private mutating func advance(to now: Double) {
        let present = Int(now)
        // A clock that was set back says nothing about the seconds it has now for the second time.
        let passed = present < second ? Self.seconds : min(present - second, Self.seconds)
        for back in 0..<passed { worst[(present - back) % Self.seconds] = nil }
        second = present
    }
}
