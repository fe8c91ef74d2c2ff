import Ports
import Testing

@testable import Records

@Suite struct DesiredStateTests {
    private func revoke(_ id: String, at: Double = 1000, expires: Double = 2000) -> OpenRevoke {
        OpenRevoke(taskID: id, command: "c-1", at: at, expiresAt: expires)
    }

    private func begin(
        _ store: RecordStore, _ number: Int, _ revokes: [OpenRevoke]
    ) async throws {
        _ = try await store.begin(
            command(number), claim: claim(number), audit: line("task.revoke"), revokes: revokes)
    }

    @Test func `revocations stay open until closed or expired`() async throws {
        let site = TemporarySite()
        let store = try site.open()
        try await begin(store, 1, [revoke("a"), revoke("b", at: 1001), revoke("c", expires: 1500)])

        try await store.closeRevokes(of: ["a", "never heard of"])
        try store.close()

        let reopened = try site.open()
        #expect(
            try await reopened.openRevokes(now: 1400)
                == [revoke("c", expires: 1500), revoke("b", at: 1001)])
        #expect(try await reopened.openRevokes(now: 1500) == [revoke("b", at: 1001)])
    }

    @Test func `revocations by stamp stay open until they expire, over a restart`() async throws {
        let site = TemporarySite()
        let store = try site.open()
        let ending = OpenStampRevoke(
            command: "c-2", stamps: ["customer": ["a", "ü"], "run": ["1"]], terminate: true,
            signal: "SIGKILL", at: 1000, expiresAt: 2000)
        let short = OpenStampRevoke(
            command: "c-1", stamps: ["run": ["2"]], at: 999, expiresAt: 1500)
        for (number, revoke) in [short, ending].enumerated() {
            _ = try await store.begin(
                command(number + 1), claim: claim(number + 1), audit: line("task.revokeStamped"),
                desired: DesiredState(stamps: [revoke]))
        }
        try store.close()

        let reopened = try site.open()
        #expect(try await reopened.openStampRevokes(now: 1499) == [short, ending])
        #expect(try await reopened.openStampRevokes(now: 1500) == [ending])
        #expect(try await reopened.prune(now: 1500) == 1)
    }

    @Test func `a second revocation never takes a termination back`() async throws {
        let store = try TemporarySite().open()
        var ending = revoke("a", expires: 3000)
        ending.terminate = true
        ending.signal = "SIGKILL"
        try await begin(store, 1, [ending])

        try await begin(store, 2, [revoke("a", at: 1002)])

        let open = try await store.openRevokes(now: 1002)
        ending.at = 1002
        #expect(open == [ending])
    }

    @Test func `settings are kept and removed`() async throws {
        let store = try TemporarySite().open()

        try await store.set("site", to: "a", now: 1)
        try await store.set("site", to: "b", now: 2)
        #expect(try await store.setting("site") == "b")
        try await store.set("site", to: nil, now: 3)
        #expect(try await store.setting("site") == nil)
    }
}
