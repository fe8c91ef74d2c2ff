import Ports
import Testing
import WireFormats
import WorkerRules

@testable import Gateway

@Suite struct RevokeMessagesTests {
    private func revoke(_ number: Int, signal: String? = nil) -> OpenRevoke {
        OpenRevoke(
            taskID: "t\(number)", command: "c", terminate: signal != nil, signal: signal,
            at: Double(number), expiresAt: 1e9)
    }

    @Test func `all are told in a greeting, and those that end tasks by signal`() {
        let messages = RevokeMessages.make(
            for: [revoke(3, signal: "SIGKILL"), revoke(1), revoke(2, signal: "SIGTERM")],
            origin: "celeriac@h")

        #expect(
            messages == [
                .hello(fromNode: "celeriac@h", revoked: ["t1", "t2", "t3"]),
                .revoke(taskIDs: ["t3"], terminate: true, signal: "SIGKILL"),
                .revoke(taskIDs: ["t2"], terminate: true, signal: "SIGTERM"),
            ])
    }

    @Test(arguments: [(0, 0), (RevokeMessages.batch, 1), (RevokeMessages.batch + 1, 2)])
    func `one message holds so many ids`(count: Int, messages: Int) throws {
        let made = RevokeMessages.make(for: (0..<count).map { revoke($0) }, origin: "celeriac@h")

        #expect(made.count == messages)
        for method in made {
            let message = ControlMessage(
                method, destination: ["a@h"], reply: nil, deliveryTag: "d")
            try WorkerRules.checkControl(message.encoded())
        }
    }
}

extension RevokeMessagesTests {
    private func stamped(_ number: Int, _ stamps: [String: [String]], signal: String? = nil)
        -> OpenStampRevoke
    {
        OpenStampRevoke(
            command: "c\(number)", stamps: stamps, terminate: signal != nil, signal: signal,
            at: Double(number), expiresAt: 1e9)
    }

    @Test func `stamps are told together, those that end tasks by signal`() {
        let messages = RevokeMessages.make(for: [
            stamped(2, ["customer": ["b"], "run": ["1"]]), stamped(1, ["customer": ["a"]]),
            stamped(3, ["run": ["2"]], signal: "SIGKILL"),
        ])

        #expect(
            messages == [
                .revokeByStampedHeaders(headers: ["customer": ["a", "b"], "run": ["1"]]),
                .revokeByStampedHeaders(
                    headers: ["run": ["2"]], terminate: true, signal: "SIGKILL"),
            ])
    }

    @Test(arguments: [(RevokeMessages.stampNames, 1), (RevokeMessages.stampNames + 1, 2)])
    func `one message holds so many stamps`(count: Int, messages: Int) throws {
        let made = RevokeMessages.make(for: (0..<count).map { stamped($0, ["s\($0)": ["v"]]) })

        #expect(made.count == messages)
        for method in made {
            try WorkerRules.checkControl(
                ControlMessage(method, destination: ["a@h"], reply: nil, deliveryTag: "d").encoded()
            )
        }
    }
}
