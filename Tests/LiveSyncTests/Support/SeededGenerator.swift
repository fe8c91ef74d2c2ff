import SeededRandom

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed)
    }

    mutating func next() -> UInt64 { random.next() }

    /// True in `percent` of 100 cases.
    mutating func chance(_ percent: Int) -> Bool {
        Int(next() % 100) < percent
    }

    mutating func below(_ limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }
}
