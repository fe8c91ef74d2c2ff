import Testing

@testable import Gateway

@Suite struct TaskHoldersTests {
    @Test(arguments: [
        ["active", "scheduled"], ["scheduled", "active"], ["reserved", "scheduled"],
    ])
    func `of two workers that have a task the one that is nearer to running it counts`(
        states: [String]
    ) {
        var holders = TaskHolders()
        for (number, state) in states.enumerated() {
            holders.note([("t", state)], of: "w\(number)@h")
        }

        #expect(holders.tasks["t"]?.state == states.first { $0 != "scheduled" })
        #expect(holders.answered == ["w0@h", "w1@h"])
    }
}
