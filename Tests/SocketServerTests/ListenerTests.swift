import EventLoop
import Foundation
import Synchronization
import Testing

@testable import SocketServer

/// What happens when the system has no room for another connection (F15).
@Suite struct ListenerTests {
    /// Counts attempts, and fails the first of them as the system would.
    private final class Accepting: Sendable {
        let attempts = Mutex(0)
        let failures: Int
        let reason: Int32

        init(failures: Int, reason: Int32) {
            self.failures = failures
            self.reason = reason
        }

        func take(_ descriptor: Int32) -> Int32 {
            let number = attempts.withLock {
                $0 += 1
                return $0
            }
            guard number <= failures else { return accept(descriptor, nil, nil) }
            errno = reason
            return -1
        }
    }

    @LoopActor private final class Heard {
        var complaints: [String] = []
        var accepted = 0
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func `without room it rests, and takes who waited when there is room`(
        reason: Int32
    ) async throws {
        EventLoop.shared.startThread()
        let accepting = Accepting(failures: 3, reason: reason)
        let heard = Heard()
        let started = ContinuousClock.now
        let listener = try await Self.listen(accepting, heard)

        let client = try TestClient(port: await listener.address.port)
        try await eventually("accepted") { await heard.accepted == 1 }

        #expect(await heard.complaints.count == 3)
        #expect(ContinuousClock.now - started >= Listener.pause * 3)
        // One attempt after each rest, and one that finds nobody waiting: not a whole core of them.
        #expect(accepting.attempts.withLock { $0 } <= 6)
        client.close()
        await listener.close()
    }

    @Test func `a connection that was given up is no reason to rest`() async throws {
        EventLoop.shared.startThread()
        let accepting = Accepting(failures: 2, reason: ECONNABORTED)
        let heard = Heard()
        let listener = try await Self.listen(accepting, heard)

        let client = try TestClient(port: await listener.address.port)
        try await eventually("accepted") { await heard.accepted == 1 }

        #expect(await heard.complaints.isEmpty)
        client.close()
        await listener.close()
    }

    @LoopActor
    private static func listen(_ accepting: Accepting, _ heard: Heard) throws -> Listener {
        let listener = try Listener(address: "127.0.0.1", port: 0) { accepting.take($0) }
        listener.start(exhausted: { heard.complaints.append($0) }) { descriptor in
            heard.accepted += 1
            Glibc.close(descriptor)
        }
        return listener
    }

    @Test func `a few descriptors are kept for what is no client`() {
        #expect(DescriptorLimit.connections(within: 1_024) == 1_024 - DescriptorLimit.reserve)
        #expect(DescriptorLimit.connections(within: 10) == 16)
        let limit = DescriptorLimit.raise()
        #expect(limit > DescriptorLimit.reserve && limit <= 1 << 20)
        #expect(DescriptorLimit.raise() == limit)
    }
}
