import Testing

@testable import LiveSync

@Suite struct OrderIndexTests {
    @Test func `an order of thousands of rows equals a sorted array`() {
        var rows = RowStore(columnCount: 2, base: 1)
        var index = OrderIndex(column: 1)
        var random = SeededGenerator(seed: 7)
        var sorted: [(bound: SortBound, slot: Int)] = []
        for handle in 2..<6_000 {
            if sorted.count > 100, random.chance(35) {
                let victim = random.below(sorted.count)
                let slot = sorted.remove(at: victim).slot
                index.remove(slot, in: rows)
                rows.remove(slot)
            }
            let slot = rows.insert(handle: handle)
            // Mostly growing, as times are, with some that are late and some that are equal.
            let key = random.chance(80) ? handle / 3 : random.below(2_000)
            _ = rows.set(slot, 1, .int(key), revision: handle)
            index.insert(slot, in: rows)
            let bound = SortBound(key: .int(key), handle: handle)
            let place = sorted.firstIndex { $0.bound.ordered(before: bound) > 0 } ?? sorted.count
            sorted.insert((bound, slot), at: place)
        }

        var position = index.firstNotBefore(key: .absent, in: rows)
        var walked: [Int] = []
        while let slot = index.slot(at: position) {
            walked.append(slot)
            position = index.after(position)
        }
        #expect(walked == sorted.map(\.slot))
        #expect(index.count == sorted.count)

        for place in stride(from: 0, to: sorted.count, by: 97) {
            let found = index.firstNotBefore(sorted[place].bound, in: rows)
            #expect(index.rank(found) == place)
        }
        var backwards: [Int] = []
        var earlier = index.before(index.end)
        while let found = earlier, let slot = index.slot(at: found) {
            backwards.append(slot)
            earlier = index.before(found)
        }
        #expect(backwards == sorted.map(\.slot).reversed())
    }

    @Test func `an empty order has no positions`() {
        let rows = RowStore(columnCount: 2, base: 1)
        let index = OrderIndex(column: 1)

        #expect(index.slot(at: index.end) == nil)
        #expect(index.before(index.end) == nil)
        #expect(index.firstNotBefore(key: .int(3), in: rows) == index.end)
    }
}
