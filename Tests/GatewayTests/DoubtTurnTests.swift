import Testing

@testable import Gateway

/// Everybody who is doubtful has a turn.
@Suite struct DoubtTurnTests {
    /// What is looked up in each of some turns; `ended` are then doubtful no more.
    private func turns(_ count: Int, of ids: [String], ended: Set<String> = []) -> [[String]] {
        var turn = DoubtTurn(limit: 2)
        var open = ids
        return (0..<count).map { _ in
            let looked = turn.next { Array(open.dropFirst($0).prefix($1)) }
            open.removeAll { looked.contains($0) && ended.contains($0) }
            turn.end(looked: looked.count, doubtful: looked.count { open.contains($0) })
            return looked
        }
    }

    @Test func `the oldest that stay doubtful keep nobody from a turn`() {
        #expect(turns(2, of: ["a"]) == [["a"], ["a"]])
        #expect(turns(3, of: ["a", "b"]) == [["a", "b"], ["a", "b"], ["a", "b"]])
        #expect(turns(3, of: ["a", "b", "c"]) == [["a", "b"], ["c"], ["a", "b"]])
        #expect(
            turns(4, of: ["a", "b", "c", "d", "e"])
                == [["a", "b"], ["c", "d"], ["e"], ["a", "b"]])
    }

    @Test func `those that end leave no gap`() {
        #expect(
            turns(3, of: ["a", "b", "c", "d"], ended: ["b", "c"])
                == [["a", "b"], ["c", "d"], ["a", "d"]])
        #expect(turns(2, of: [], ended: []) == [[], []])
    }
}
