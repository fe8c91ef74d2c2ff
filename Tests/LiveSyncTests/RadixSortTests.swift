import Testing

@testable import LiveSync

@Suite struct RadixSortTests {
    @Test(arguments: [0, 1, 2, 1_000])
    func `places come in the order of their numbers, equal ones as they were`(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let keys = (0..<count).map { place in
            // Small, huge, and many that are equal.
            place % 3 == 0 ? random.next() : UInt64(random.below(20)) << UInt64(random.below(60))
        }
        let before = (0..<Int32(count)).shuffled(using: &random)
        var order = before

        RadixSort.sort(&order, by: keys)

        let wanted = before.enumerated().sorted {
            (keys[Int($0.element)], $0.offset) < (keys[Int($1.element)], $1.offset)
        }
        #expect(order == wanted.map(\.element))
    }

    @Test func `numbers keep their order as keys, and both zeros are one`() {
        let numbers = [
            -Double.infinity, -1e300, -2.5, -2, -Double.leastNonzeroMagnitude, 0,
            Double.leastNonzeroMagnitude, 1, 1.5, 1e300, Double.infinity,
        ]

        let keys = numbers.map(RadixSort.key)

        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
        #expect(RadixSort.key(-0.0) == RadixSort.key(0.0))
    }
}
