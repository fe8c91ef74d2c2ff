import Ports
import Testing
import WireFormats

@testable import Gateway

@Suite struct DescribedTests {
    @Test func `somebody is told what their credential is limited to`() {
        var ada = Principal(id: "1", name: "ada", role: .operator)
        #expect(described(ada) == ["sub": "1", "name": "ada", "role": "operator"])

        ada.scope = Scope(commands: [], queues: ["mail", "bulk-*"], tasks: ["app.*"])

        #expect(
            described(ada)["limits"]
                == ["commands": [], "queues": ["bulk-*", "mail"], "tasks": ["app.*"]])
    }
}
