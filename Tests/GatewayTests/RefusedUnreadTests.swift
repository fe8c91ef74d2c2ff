import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// Commands that a session refuses before the command desk sees them.
@Suite struct RefusedUnreadTests {
    init() { EventLoop.shared.startThread() }

    private let submission = #""method":"cmd.submit","params":{"cmd":"queue.purge","key":"k"}}"#

    /// Lines about refused purges that tell this reason, once there are so many.
    @LoopActor private func lines(
        _ count: Int, with reason: String, in records: Lonely.NoRecords
    ) async -> [AuditEntry] {
        func found() -> [AuditEntry] {
            records.audit.withLock { lines in
                lines.map(\.entry).filter {
                    $0.action == "queue.purge" && $0.detail.contains(reason)
                }
            }
        }
        for _ in 0..<10_000 where found().count < count {
            await LoopTimer.sleep(.milliseconds(1))
        }
        return found()
    }

    @Test @LoopActor func `a command beyond the session's rate is in the audit`() async throws {
        let records = Lonely.NoRecords()
        let (gateway, sockets) = try Lonely.gateway(records: records)
        let talk = try await Talk(gateway, sockets, token: "viewer")
        func send(_ number: Int, _ rest: String) {
            let text = "{\"jsonrpc\":\"2.0\",\"id\":\(number),\(rest)"
            sockets.say(text, on: talk.socket, to: gateway)
        }
        func isWarned() throws -> Bool {
            try talk.frames.last?["error"]?["message"]?.string?.hasSuffix("messages a second")
                == true
        }

        // What uses the rate up is not in the audit: the commands alone are.
        var number = 0
        while try !isWarned(), number < 10_000 {
            number += 1
            send(number, #""method":"sub.resync","params":{"sub":1}}"#)
        }
        while sockets.closed[talk.socket] == nil, number < 20_000 {
            number += 1
            send(number, submission)
        }

        #expect(sockets.closed[talk.socket] == CloseCode.rateLimited.rawValue)
        let told = await lines(SessionLimits.warnings, with: "messages a second", in: records)
        #expect(told.count == SessionLimits.warnings)
        #expect(told.allSatisfy { $0.outcome == "refused" && $0.principal == "viewer" })
    }

    @Test @LoopActor func `so is one whose id is in use`() async throws {
        let records = Lonely.NoRecords()
        let (gateway, sockets) = try Lonely.gateway(records: records)
        let talk = try await Talk(gateway, sockets, token: "viewer")

        let text = "{\"jsonrpc\":\"2.0\",\"id\":1," + submission
        for _ in 0..<2 { sockets.say(text, on: talk.socket, to: gateway) }

        #expect(await lines(1, with: "still in flight", in: records).count == 1)
    }

    @Test @LoopActor func `so is one too many in flight`() async throws {
        let records = Lonely.NoRecords()
        let (gateway, sockets) = try Lonely.gateway(records: records)
        let talk = try await Talk(gateway, sockets, token: "viewer")

        for number in 0...SessionLimits.inFlight {
            let text = "{\"jsonrpc\":\"2.0\",\"id\":\(number)," + submission
            sockets.say(text, on: talk.socket, to: gateway)
        }

        #expect(await lines(1, with: "in flight", in: records).count == 1)
    }

    @Test @LoopActor func `a stranger's is not`() async throws {
        let records = Lonely.NoRecords()
        let (gateway, sockets) = try Lonely.gateway(records: records)
        let socket = SocketID(number: 1)
        gateway.socketOpened(
            socket, request: HttpRequest(method: "GET", path: "/ws/v1", headers: [:]))

        let text = #"{"jsonrpc":"2.0","id":1,"method":"cmd.submit","params":{"cmd":"queue.purge"}}"#
        sockets.say(text, on: socket, to: gateway, isWrong: true)
        // Whoever writes would have had its turn.
        await gateway.commands.auditRefusal(
            of: "queue.restore", by: Principal(id: "ada", name: "ada", role: .admin), at: "here",
            CommandFault(.invalid, "it is the last"))

        #expect(sockets.closed[socket] == CloseCode.malformed.rawValue)
        #expect(records.audit.withLock { $0.map(\.entry.action) } == ["queue.restore"])
    }
}
