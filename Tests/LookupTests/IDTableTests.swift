import Lookup
import Testing

@Suite struct IDTableTests {
    @Test func `a table that grows and shrinks equals a dictionary`() {
        var random = Seeded(5)
        var table = IDTable()
        var truth: [String: Int32] = [:]
        var ids: [String] = []
        func place(_ id: String) -> Int32? { table.find(IDTable.Mark(id)) { ids[Int($0)] == id } }

        for step in 0..<40_000 {
            // Long phases of growing and of shrinking, so that the table is often nearly full.
            let grows = Int.random(in: 0..<100, using: &random) < (step / 5_000 % 2 == 0 ? 70 : 30)
            if grows || truth.isEmpty {
                let id =
                    String(repeating: "x", count: Int.random(in: 0..<40, using: &random))
                    + "\(step)"
                #expect(place(id) == nil)
                ids.append(id)
                table.insert(IDTable.Mark(id), at: Int32(ids.count - 1))
                truth[id] = Int32(ids.count - 1)
            } else {
                let id = ids[Int.random(in: 0..<ids.count, using: &random)]
                guard let known = truth.removeValue(forKey: id) else { continue }
                table.remove(IDTable.Mark(id), at: known)
                #expect(place(id) == nil)
            }
            let asked = ids[Int.random(in: 0..<ids.count, using: &random)]
            #expect(place(asked) == truth[asked])
        }

        #expect(table.count == truth.count)
        for (id, known) in truth { #expect(place(id) == known) }
    }

    @Test func `every byte of an id of any length is hashed`() {
        for length in 1...40 {
            let id = String(repeating: "a", count: length)
            var table = IDTable()
            table.insert(IDTable.Mark(id), at: 0)
            #expect(table.find(IDTable.Mark(id)) { _ in true } == 0)
            for place in 0..<length {
                let other =
                    String(repeating: "a", count: place) + "b"
                    + String(repeating: "a", count: length - place - 1)
                // Nothing but the hash says no here.
                #expect(table.find(IDTable.Mark(other)) { _ in true } == nil)
            }
            #expect(table.find(IDTable.Mark(id + "a")) { _ in true } == nil)
        }
    }

    @Test func `removing what is not there changes nothing`() {
        var table = IDTable()
        table.insert(IDTable.Mark("a"), at: 0)

        table.remove(IDTable.Mark("b"), at: 1)

        #expect(table.count == 1)
        #expect(table.find(IDTable.Mark("a")) { _ in true } == 0)
    }
}
