import Testing

@testable import LiveSync

@Suite struct RowStoreTests {
    @Test func `a cell gives back every kind of value`() {
        var rows = RowStore(columnCount: 9, base: 1)
        let slot = rows.insert(handle: 2)
        let values: [FieldValue] = [
            .bool(true), .bool(false), .int(.min), .int(1 << 53), .double(-0.0), .text(""),
            .text("a text that is too long to stand in place"), .list("[1]"), .absent,
        ]

        for (column, value) in values.enumerated() {
            _ = rows.set(slot, column, value, revision: 3)
        }

        #expect(values.indices.map { rows.value(slot, $0) } == values)
    }

    @Test func `only another value takes the revision`() {
        var rows = RowStore(columnCount: 2, base: 1)
        let slot = rows.insert(handle: 2)

        let did1 = rows.set(slot, 1, .text("a"), revision: 3)
        #expect(did1)
        let did2 = rows.set(slot, 1, .text("a"), revision: 4)
        #expect(!did2)
        #expect(rows.revision(slot, 1) == 3)
        let did3 = rows.set(slot, 1, .list("a"), revision: 5)
        #expect(did3)
        let did4 = rows.set(slot, 1, .absent, revision: 6)
        #expect(did4)
        let did5 = rows.set(slot, 1, .absent, revision: 7)
        #expect(!did5)
        #expect(rows.revision(slot, 1) == 6)
    }

    @Test func `a number that is not finite is absent`() {
        var rows = RowStore(columnCount: 2, base: 1)
        let slot = rows.insert(handle: 2)
        _ = rows.set(slot, 1, .double(1), revision: 2)

        let did6 = rows.set(slot, 1, .double(.nan), revision: 3)
        #expect(did6)
        #expect(rows.value(slot, 1) == .absent)
        let did7 = rows.set(slot, 1, .double(.infinity), revision: 4)
        #expect(!did7)
    }

    @Test func `texts are let go with their row`() {
        var rows = RowStore(columnCount: 3, base: 1)
        for handle in 2..<1_000 {
            let slot = rows.insert(handle: handle)
            _ = rows.set(slot, 1, .text("one"), revision: handle)
            _ = rows.set(slot, 1, .int(1), revision: handle)
            _ = rows.set(slot, 2, .text("two"), revision: handle)
            #expect(rows.texts.count == 1)
            #expect(rows.metas[slot].textBytes == 3)
            rows.remove(slot)
        }

        #expect(rows.texts.count == 0)
        #expect(rows.slotCount == 1)
    }

    @Test func `rare columns and symbols behave like any other`() {
        var plain = RowStore(columnCount: 4, base: 1)
        var compact = RowStore(columnCount: 4, base: 1, rare: [2, 3], symbols: [1, 2])
        var random = SeededGenerator(seed: 3)
        var slots: [Int] = []
        let values: [FieldValue] = [
            .absent, .text("a"), .text("b"), .int(1), .list("[]"), .double(2), .bool(true),
        ]
        for revision in 2..<3_000 {
            if slots.count < 5 || random.chance(20) {
                let slot = plain.insert(handle: revision)
                let twin = compact.insert(handle: revision)
                #expect(twin == slot)
                slots.append(slot)
            } else if random.chance(15) {
                let slot = slots.remove(at: random.below(slots.count))
                plain.remove(slot)
                compact.remove(slot)
            } else {
                let slot = slots[random.below(slots.count)]
                let column = random.below(4)
                let value = values[random.below(values.count)]
                let changed = plain.set(slot, column, value, revision: revision)
                let same = compact.set(slot, column, value, revision: revision) == changed
                #expect(same)
            }
        }
        for slot in slots {
            for column in 0..<4 {
                #expect(plain.value(slot, column) == compact.value(slot, column))
                #expect(plain.revision(slot, column) == compact.revision(slot, column))
            }
            #expect(plain.metas[slot].textBytes == compact.metas[slot].textBytes)
            plain.remove(slot)
            compact.remove(slot)
        }
        #expect(plain.texts.count == 0)
        #expect(compact.texts.count == 0)
        #expect(compact.symbols.count == 0)
    }

    @Test func `rows stand in the order of their last change`() {
        var rows = RowStore(columnCount: 2, base: 1)
        let slots = (2..<7).map { rows.insert(handle: $0) }
        rows.touch(slots[1], revision: 8)
        rows.touch(slots[4], revision: 9)
        rows.remove(slots[2])

        var walked: [Int] = []
        var slot = Int(rows.newest)
        while slot >= 0 {
            walked.append(slot)
            slot = Int(rows.metas[slot].previous)
        }

        #expect(walked == [slots[4], slots[1], slots[3], slots[0]])
        #expect(Int(rows.oldest) == slots[0])
    }

    @Test func `revisions stay right when their base moves`() {
        var rows = RowStore(columnCount: 3, base: 1_000)
        let slot = rows.insert(handle: 1_001)
        let late = 1_000 + Int(RowCell.Mark.lastRevision) - 10
        _ = rows.set(slot, 1, .int(1), revision: 1_500)
        _ = rows.set(slot, 2, .int(2), revision: late)
        rows.touch(slot, revision: late)
        #expect(rows.needsRebase(at: late))
        #expect(!rows.needsRebase(at: 1_000 + (1 << 27)))

        rows.rebase(to: late - 5)

        #expect(rows.revision(slot, 1) == late - 5)
        #expect(rows.revision(slot, 2) == late)
        #expect(rows.lastChange(slot) == late)
        #expect(!rows.needsRebase(at: late))
    }
}
