import EventLoop
import Foundation
import Testing

@testable import SocketServer

/// F8, X2: handshakes of TLS begin one after the other, and nobody without a hello keeps others out.
@Suite struct TlsAdmissionTests {
    /// A record of a handshake with two bytes in it.
    private static let hello: [UInt8] = [22, 3, 1, 0, 2, 1, 0]

    @LoopActor private final class Door {
        private(set) var admitted: [Int32] = []
        private(set) var refused = 0
        private(set) var silent = 0
        private var admission: TlsAdmission?
        private var listener: Listener?

        init(_ change: (inout SocketServerLimits) -> Void) throws {
            EventLoop.shared.startThread()
            var limits = SocketServerLimits()
            change(&limits)
            let admission = TlsAdmission(limits: limits) { [unowned self] peer, outcome in
                #expect(peer == "127.0.0.1")
                switch outcome {
                case .admitted(let descriptor):
                    admitted.append(descriptor)
                    self.admission?.began(UInt64(descriptor))
                case .refused: refused += 1
                case .silent: silent += 1
                }
            }
            let listener = try Listener(address: "127.0.0.1", port: 0)
            listener.start(exhausted: { Issue.record("no room: \($0)") }) {
                admission.add($0, peer: SocketNames.peer($0))
            }
            self.admission = admission
            self.listener = listener
        }

        var port: UInt16 { listener?.address.port ?? 0 }
        var count: Int { admission?.count ?? 0 }
        var looks: Int { admission?.looks ?? 0 }

        /// The first that was admitted has shaken hands.
        func endFirst() {
            if let descriptor = admitted.first { admission?.ended(UInt64(descriptor)) }
        }

        func close() {
            listener?.close()
            admission?.close()
            for descriptor in admitted { Glibc.close(descriptor) }
        }
    }

    private static func withDoor(
        _ change: @Sendable @escaping (inout SocketServerLimits) -> Void,
        _ body: (Door, UInt16) async throws -> Void
    ) async throws {
        let door = try await Door(change)
        let port = await door.port
        try await blocking { try await body(door, port) }
        await door.close()
    }

    @Test func `the queue takes as many as it may, and the next one is let go at once`()
        async throws
    {
        try await Self.withDoor {
            $0.tlsHandshakesPerSecond = 0
            $0.tlsHandshakesAtOnce = 1
            $0.tlsHandshakesWaiting = 2
        } _: { door, port in
            var clients: [TestClient] = []
            for number in 1...4 {
                let client = try TestClient(port: port)
                try client.send(Self.hello)
                clients.append(client)
                try await eventually("client \(number) is known") {
                    await door.admitted.count + door.count + door.refused == number
                }
            }

            #expect(await door.admitted.count == 1)
            #expect(await door.count == 2)
            #expect(await door.refused == 1)
            #expect(try clients[3].takeRest().isEmpty)
        }
    }

    @Test func `those who wait are admitted at the pace, in their order`() async throws {
        try await Self.withDoor {
            $0.tlsHandshakesPerSecond = 50
            $0.tlsHandshakesAtOnce = 1
        } _: { door, port in
            let started = ContinuousClock.now
            let clients = try (0..<11).map { _ in try TestClient(port: port) }
            for client in clients { try client.send(Self.hello) }

            try await eventually("all are admitted") { await door.admitted.count == clients.count }

            // The first one at once, ten others 20 ms after each other.
            #expect(ContinuousClock.now - started >= .milliseconds(190))
            #expect(await door.count == 0)
        }
    }

    @Test(arguments: [false, true])
    func `so many are under way, and the next one waits until one ends or dawdles`(
        ends: Bool
    ) async throws {
        try await Self.withDoor {
            $0.tlsHandshakesUnderWay = 2
        } _: { door, port in
            let started = ContinuousClock.now
            let clients = try (0..<3).map { _ in try TestClient(port: port) }
            for client in clients { try client.send(Self.hello) }
            try await eventually("two are admitted") { await door.admitted.count == 2 }

            if ends {
                // Or the others have been counted for long enough meanwhile.
                try await eventually("the third waits") {
                    let (waiting, admitted) = await (door.count, door.admitted.count)
                    return waiting == 1 || admitted == 3
                }
                await door.endFirst()
            }

            try await eventually("the third is admitted") { await door.admitted.count == 3 }
            // The loop's clock counts whole milliseconds.
            let passed = ContinuousClock.now - started
            if !ends { #expect(passed >= TlsAdmission.counted - .milliseconds(5)) }
        }
    }

    @Test func `half a hello waits beside, is not looked at again, and is let go in the end`()
        async throws
    {
        try await Self.withDoor {
            $0.tlsHandshakesPerSecond = 0
            $0.tlsHandshakesAtOnce = 1
            $0.tlsHandshakesWaiting = 0
            $0.handshake = .seconds(1)
        } _: { door, port in
            let half = try (0..<20).map { _ in try TestClient(port: port) }
            for (number, client) in half.enumerated() {
                try client.send(Array(Self.hello.prefix(number % Self.hello.count)))
            }
            try await eventually("they wait") { await door.count == half.count }

            let whole = try TestClient(port: port)
            try whole.send(Self.hello)

            try await eventually("a whole one is admitted") { await door.admitted.count == 1 }
            try await eventually("the others are let go") { await door.silent == half.count }
            // When it came, when its head was there, and once in between at most.
            #expect(await door.looks <= 3 * (half.count + 1))
            for client in half { _ = try? client.takeRest() }
        }
    }

    @Test func `a hello in pieces is admitted when it is whole`() async throws {
        try await Self.withDoor { _ in
        } _: { door, port in
            let client = try TestClient(port: port)
            for byte in Self.hello.dropLast() {
                try client.send([byte])
                try await Task.sleep(for: .milliseconds(2))
            }
            try await eventually("it waits") { await door.count == 1 }
            #expect(await door.admitted.isEmpty)

            try client.send([Self.hello.last ?? 0])

            try await eventually("it is admitted") { await door.admitted.count == 1 }
        }
    }

    @Test(arguments: [Array("GET / HTTP/1.1\r\n".utf8), [22, 3, 1, 0xff, 0xff], [22, 3]])
    func `what is no hello, or never will be one, takes its turn, too`(bytes: [UInt8]) async throws
    {
        try await Self.withDoor {
            $0.tlsHandshakesPerSecond = 0
            $0.tlsHandshakesAtOnce = 1
        } _: { door, port in
            let clients = try (0..<2).map { _ in try TestClient(port: port) }
            for client in clients {
                try client.send(bytes)
                client.endSending()
            }

            try await eventually("libwebsockets gets the first one") {
                await door.admitted.count == 1
            }
            try await eventually("the other one waits") { await door.count == 1 }
            #expect(await door.admitted.count == 1)
        }
    }

    @Test(
        arguments: [
            ([], 0, .short(of: 5)), ([22], 1, .short(of: 5)), ([22, 3, 1, 2], 4, .short(of: 5)),
            ([22, 3, 1, 2, 1], 5, .short(of: 518)), ([22, 3, 1, 2, 1], 517, .short(of: 518)),
            ([22, 3, 1, 2, 1], 518, .whole), ([22, 3, 1, 2, 1, 9], 600, .whole),
            ([22, 3, 1, 0x40, 0], 16_389, .whole), ([22, 3, 1, 0x40, 1], 16_390, .foreign),
            ([71], 1, .foreign), ([23, 3, 1, 0, 1], 6, .foreign),
        ] as [([UInt8], Int, FirstRecord)])
    func `the first record tells how long it is`(start: [UInt8], count: Int, expected: FirstRecord)
    {
        #expect(FirstRecord(start, of: count) == expected)
    }
}
