import Testing

@testable import LiveSync

@Suite struct TickRingTests {
    @Test func `a delta starts at a commit that is not after the client`() {
        var ring = TickRing(limit: 1_000, first: 1)
        for revision in stride(from: 4, through: 900, by: 3) { ring.append(revision) }

        for revision in 1...900 {
            let from = ring.bucket(for: revision, floor: 1)
            #expect(from <= revision)
            #expect(from == revision || from % 3 == 1)
        }
    }

    @Test func `clients anywhere share about as many starts as the history has bits`() {
        var ring = TickRing(limit: 5_000, first: 1)
        for revision in 2...4_096 { ring.append(revision) }

        let starts = Set((1...4_096).map { ring.bucket(for: $0, floor: 1) })

        #expect(starts.count <= 14)
    }

    @Test func `a client at the last or the last but one commit gets exactly its place`() {
        var ring = TickRing(limit: 10, first: 1)
        ring.append(5)
        ring.append(9)

        #expect(ring.bucket(for: 9, floor: 1) == 9)
        #expect(ring.bucket(for: 5, floor: 1) == 5)
        #expect(ring.bucket(for: 1, floor: 1) == 1)
    }

    @Test func `no delta starts below the floor, or before the ring`() {
        var ring = TickRing(limit: 4, first: 1)
        for revision in 2...20 { ring.append(revision) }

        #expect(ring.bucket(for: 3, floor: 1) == 3)
        #expect(ring.bucket(for: 17, floor: 1) == 17)
        #expect(ring.bucket(for: 18, floor: 18) == 18)
    }
}
