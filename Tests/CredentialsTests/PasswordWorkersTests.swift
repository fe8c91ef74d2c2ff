import Dispatch
import Ports
import Synchronization
import Testing

@testable import Credentials

@Suite struct PasswordWorkersTests {
    /// Counts what is done at once.
    private final class Tally: Sendable {
        private let counts = Mutex((now: 0, most: 0))

        var most: Int { counts.withLock { $0.most } }

        func began() {
            counts.withLock { counts in
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            }
        }

        func ended() { counts.withLock { $0.now -= 1 } }
    }

    @Test func `a password is right, wrong, or of nobody`() async throws {
        let workers = PasswordWorkers()
        let kept = try await workers.hash("correct horse")

        #expect(try await workers.check("correct horse", against: kept) == .right)
        #expect(try await workers.check("correct house", against: kept) == .wrong)
        #expect(try await workers.check("correct horse", against: nil) == .wrong)
        #expect(try await workers.check("correct horse", against: "damaged") == .wrong)
        let old = try PasswordHash(
            of: "correct horse", cost: .init(logN: 4, blockSize: 8, parallelism: 1)
        ).text
        #expect(try await workers.check("correct horse", against: old) == .rightButOutdated)
    }

    @Test(arguments: [(7, false), (8, true), (256, true), (257, false)])
    func `a password has 8 to 256 bytes`(count: Int, isUsable: Bool) async throws {
        let text = String(repeating: "x", count: count)

        if isUsable {
            #expect(PasswordHash(parsing: try await PasswordWorkers().hash(text)) != nil)
        } else {
            let error = await #expect(throws: CredentialError.self) {
                try await PasswordWorkers().hash(text)
            }
            #expect(error?.code == .unusable && error?.message.contains(text) == false)
        }
    }

    @Test func `two are hashed at once, 32 wait, and one more is refused`() async throws {
        let workers = PasswordWorkers()
        let gate = DispatchSemaphore(value: 0)
        let tally = Tally()
        let all = PasswordLimits.atOnce + PasswordLimits.waiting

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<all {
                group.addTask {
                    try await workers.perform { () throws(CredentialError) in
                        tally.began()
                        gate.wait()
                        tally.ended()
                    }
                }
            }
            while workers.count < all { await Task.yield() }

            let refusal = await #expect(throws: CredentialError.self) {
                try await workers.check("correct horse", against: nil)
            }
            #expect(refusal?.code == .overloaded)

            for _ in 0..<all { gate.signal() }
            try await group.waitForAll()
        }
        #expect(tally.most <= PasswordLimits.atOnce)
        while workers.count > 0 { await Task.yield() }
        #expect(try await workers.check("correct horse", against: nil) == .wrong)
    }
}
