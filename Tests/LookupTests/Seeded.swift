import SeededRandom

typealias Seeded = SplitMix64
