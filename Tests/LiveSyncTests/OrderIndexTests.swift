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

    @Test(arguments: [1, 100, 400])
    func `rows that stay while others come and go keep no chunks for themselves`(each: Int) {
        var rows = RowStore(columnCount: 2, base: 1)
        var index = OrderIndex(column: 1)
        var waiting: [Int] = []
        for handle in 2..<60_000 {
            let slot = rows.insert(handle: handle)
            _ = rows.set(slot, 1, .int(handle), revision: handle)
            index.insert(slot, in: rows)
            if handle % each != 0 || each == 1 { waiting.append(slot) }
            guard waiting.count > 2_000 else { continue }
            let old = waiting.removeFirst()
            index.remove(old, in: rows)
            rows.remove(old)
        }

        // No two neighbors are both less than a quarter full.
        #expect(index.chunkCount <= 2 * index.count / (OrderIndex.chunkLimit / 4) + 2)
    }

    @Test(arguments: [false, true])
    func `an order made at once equals one made row by row`(hasTexts: Bool) {
        var rows = RowStore(columnCount: 2, base: 1)
        var grown = OrderIndex(column: 1)
        var random = SeededGenerator(seed: 11)
        var slots: [Int] = []
        for handle in 2..<3_000 {
            if slots.count > 10, random.chance(20) {
                let slot = slots.remove(at: random.below(slots.count))
                grown.remove(slot, in: rows)
                rows.remove(slot)
            }
            let slot = rows.insert(handle: handle)
            // Equal numbers of two kinds, equal texts, and rows without the field.
            let number = random.below(500) - 250
            let key: FieldValue =
                switch random.below(hasTexts ? 5 : 3) {
                case 0: .absent
                case 1: .int(number)
                case 2: .double(Double(number) / 2)
                case 3: .text("t\(number)")
                default: .bool(random.chance(50))
                }
            _ = rows.set(slot, 1, key, revision: handle)
            grown.insert(slot, in: rows)
            slots.append(slot)
        }

        let made = OrderIndex(column: 1, rows: rows)

        #expect(made.count == grown.count)
        #expect(all(made) == all(grown))
        #expect(all(made).count == slots.count)
    }

    private func all(_ index: OrderIndex) -> [Int] {
        var slots: [Int] = []
        var position = index.before(index.end)
        while let found = position, let slot = index.slot(at: found) {
            slots.append(slot)
            position = index.before(found)
        }
        return slots
    }

    @Test func `an empty order has no positions`() {
        let rows = RowStore(columnCount: 2, base: 1)
        let index = OrderIndex(column: 1)

        #expect(index.slot(at: index.end) == nil)
        #expect(index.before(index.end) == nil)
        #expect(index.firstNotBefore(key: .int(3), in: rows) == index.end)
    }
}
