import Testing

@testable import Gateway

@Suite struct OverloadGovernorTests {
    /// The levels after each second of these latenesses.
    private func levels(_ seconds: [Double]) -> [Int] {
        var governor = OverloadGovernor()
        return seconds.map { lateness in
            _ = governor.sample(lateness)
            return governor.level.rawValue
        }
    }

    private func after(_ parts: (Double, Int)...) -> Int? {
        levels(parts.flatMap { Array(repeating: $0.0, count: $0.1) }).last
    }

    @Test func `one long turn changes nothing, three seconds of them do`() {
        #expect(levels([5_000, 0, 5_000, 5_000, 0, 0]) == [0, 0, 0, 0, 0, 0])
        #expect(levels([250, 250, 250]) == [0, 0, 1])
        #expect(levels([249.9, 249.9, 249.9]) == [0, 0, 0])
    }

    @Test func `what is given up comes in its order, each step deserved by itself`() {
        #expect(levels(Array(repeating: 2_000, count: 9)) == [0, 0, 1, 1, 1, 2, 2, 2, 3])
        #expect(after((499, 60)) == 1)
        #expect(after((999, 60)) == 2)
        #expect(after((1_000, 60)) == 3)
    }

    @Test func `a step is taken back after ten quiet seconds, and only one at a time`() {
        #expect(after((1_000, 9), (0, 9)) == 3)
        #expect(after((1_000, 9), (0, 10)) == 2)
        #expect(after((1_000, 9), (0, 30)) == 0)
        // Between half the threshold and the next one it stays.
        #expect(after((250, 3), (125, 100)) == 1)
        #expect(after((250, 3), (124, 10)) == 0)
        #expect(after((250, 3), (0, 9), (200, 1), (0, 9)) == 1)
    }
}
