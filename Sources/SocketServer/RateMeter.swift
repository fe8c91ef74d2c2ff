/// Counts events per second of a clock that the caller reads.
struct RateMeter {
    private let perSecond: Int
    private var second: UInt64 = 0
    private var count = 0

    init(perSecond: Int) { self.perSecond = perSecond }

    /// Counts one event unless its second is full.
    ///
    /// - Parameter milliseconds: the time now.
    /// - Returns: whether the event is within the rate.
    mutating func take(at milliseconds: UInt64) -> Bool {
        let now = milliseconds / 1000
        if now != second {
            second = now
            count = 0
        }
        guard count < perSecond else { return false }
        count += 1
        return true
    }
}
