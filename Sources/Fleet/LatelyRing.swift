/// How tasks of one name ended in the last five minutes: ten half minutes, the newest one unfinished.
struct LatelyRing: Sendable {
    /// Seconds of one place.
    static let step = 30.0
    /// Places.
    static let places = 10

    private var succeeded = InlineArray<10, UInt32>(repeating: 0)
    private var failed = InlineArray<10, UInt32>(repeating: 0)
    /// The newest half minute that has a place.
    private var head: Int64

    /// Remembers from `now` on.
    init(now: Double) {
        head = Self.number(now)
    }

    /// Sums over all places.
    var sums: (succeeded: Int, failed: Int) {
        var sums = (succeeded: 0, failed: 0)
        for place in 0..<Self.places {
            sums.succeeded += Int(succeeded[place])
            sums.failed += Int(failed[place])
        }
        return sums
    }

    /// Forgets what is too old. A clock that steps back is held at the newest place.
    ///
    /// - Returns: whether a figure changed by it.
    mutating func advance(to now: Double) -> Bool {
        let number = Self.number(now)
        guard number > head else { return false }
        var hasChanged = false
        for step in 0..<min(number - head, Int64(Self.places)) {
            let place = Self.place(number - step)
            hasChanged = hasChanged || succeeded[place] + failed[place] > 0
            succeeded[place] = 0
            failed[place] = 0
        }
        head = number
        return hasChanged
    }

    /// Counts ends of now.
    mutating func record(succeeded good: UInt32, failed bad: UInt32, now: Double) {
        _ = advance(to: now)
        let place = Self.place(head)
        succeeded[place] &+= good
        failed[place] &+= bad
    }

    /// Takes over what another ring of the same moment holds.
    mutating func absorb(_ other: LatelyRing) {
        for place in 0..<Self.places where head == other.head {
            succeeded[place] &+= other.succeeded[place]
            failed[place] &+= other.failed[place]
        }
    }

    private static func place(_ number: Int64) -> Int {
        Int(((number % Int64(places)) + Int64(places)) % Int64(places))
    }

    private static func number(_ time: Double) -> Int64 {
        guard time.isFinite else { return 0 }
        return Int64((min(max(time, -1e15), 1e15) / step).rounded(.down))
    }
}
