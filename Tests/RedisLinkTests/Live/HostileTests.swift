import EventLoop
import Ports
import RedisLink
import Testing

extension Live {
    /// X13: a server that answers what would break or fill its reader.
    @Suite struct Hostile {
        static let attacks: [(String, String)] = [
            (String(repeating: "*1\r\n", count: 10) + "$1\r\na\r\n", "nested"),
            ("*2147483647\r\n", "elements"),
            ("*2147483648\r\n", "out of range"),
            ("$629145600\r\nabc", "629145600 bytes"),
            ("$9223372036854775807\r\nabc", "bytes"),
            ("$99999999999999999999999\r\n", "length"),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "no valid reply"),
            (":twelve\r\n", "no valid reply"),
            ("$-7\r\n", "no valid reply"),
            ("+" + String(repeating: "a", count: 70_000), "line"),
            ("\0\0\0\0\0\0", "no valid reply"),
        ]

        @Test(arguments: attacks)
        func `a command link refuses it with a reason and connects again`(
            attack: String, word: String
        ) async throws {
            let server = try RawServer(answers: [RawServer.greeting, Array(attack.utf8)])
            let configuration = RedisConfiguration(
                route: .servers([.init(.tcp(host: "127.0.0.1", port: server.port))]))
            let peer = try await RecordedConnection.ready(configuration)

            let failed = await error { try await peer.link.send("PING") }
            try await waitUntil("again") { await peer.connects >= 2 }

            #expect(failed?.code == .connectionLost)
            let reason = await peer.reasons[0]
            #expect(reason.contains(word), "\(reason)")
            await peer.stop()
            server.stop()
        }

        @Test(arguments: attacks + [("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n*1\r\n:1\r\n", "push")])
        func `a subscription refuses it with a reason and connects again`(
            attack: String, word: String
        ) async throws {
            let server = try RawServer(answers: [RawServer.greeting, Array(attack.utf8)])
            let configuration = RedisConfiguration(
                route: .servers([.init(.tcp(host: "127.0.0.1", port: server.port))]))

            let events = await RecordedSubscription(
                configuration, patterns: ["ev/*"], through: nil)
            try await waitUntil("told") { await !events.losses.isEmpty }
            try await waitUntil("again") { server.connections >= 2 }

            let reason = await events.losses[0].reason
            #expect(reason.contains(word) || reason.contains("push message"), "\(reason)")
            await events.stop()
            server.stop()
        }

        @Test(arguments: attacks)
        func `a greeting answered like that is a told failure`(
            attack: String, word: String
        ) async throws {
            let server = try RawServer(answers: [Array(attack.utf8)])
            let configuration = RedisConfiguration(
                route: .servers([.init(.tcp(host: "127.0.0.1", port: server.port))]))

            let peer = await RecordedConnection(configuration)
            try await waitUntil("told") { await !peer.reasons.isEmpty }
            try await waitUntil("again") { server.connections >= 2 }

            let reason = await peer.reasons[0]
            #expect(reason.contains(word), "\(reason)")
            await peer.stop()
            server.stop()
        }

        @Test func `a reply nobody asked for ends the connection`() async throws {
            let server = try RawServer(
                answers: [RawServer.greeting, Array("+PONG\r\n+OK\r\n".utf8)])
            let configuration = RedisConfiguration(
                route: .servers([.init(.tcp(host: "127.0.0.1", port: server.port))]))
            let peer = try await RecordedConnection.ready(configuration)

            _ = try? await peer.link.send("PING")
            try await waitUntil("again") { await peer.connects >= 2 }

            #expect(await peer.reasons[0].contains("nobody asked"))
            await peer.stop()
            server.stop()
        }
    }
}
