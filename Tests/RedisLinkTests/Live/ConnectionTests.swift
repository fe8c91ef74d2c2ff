import EventLoop
import Foundation
import Glibc
import Ports
import RedisLink
import Testing

/// Tests against real servers, one after the other: some measure seconds.
@Suite(.serialized, .timeLimit(.minutes(2))) struct Live {}

extension Live {
    @Suite struct Connections {
        // X9: what is said to the server is never put together from text.
        @Test func `any bytes survive the way to the server and back`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let value = (0...255).map { UInt8($0) } + Array("\r\n$5\r\n*-1\r\n".utf8)

            let set = try await peer.link.send([Array("SET".utf8), Array("k".utf8), value])
            let got = try await peer.link.send("GET", "k")
            let none = try await peer.link.send("GET", "absent")
            let empty = try await peer.link.send(bytes("ECHO", ""))

            #expect(set == .status("OK"))
            #expect(got == .bulk(value))
            #expect(none == .null)
            #expect(empty == .bulk([]))
            await peer.stop()
        }

        @Test func `an error reply is thrown as refused and repeats no arguments`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            _ = try await peer.link.send("SET", "k", "v")

            let wrongType = await error { try await peer.link.send("LPUSH", "k", "x") }
            let unknown = await error { try await peer.link.send("FROB", "my-secret") }

            #expect(wrongType?.code == .refused)
            #expect(wrongType?.message.hasPrefix("LPUSH: WRONGTYPE") == true)
            #expect(unknown?.message.contains("my-secret") == false)
            await peer.stop()
        }

        @Test func `a pipeline answers in order, errors in their place`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())

            let replies = try await peer.link.pipeline(
                (0..<5000).map { bytes("ECHO", "\($0)") } + [bytes("LPUSH"), bytes("PING")])

            #expect(replies.count == 5002)
            #expect(
                replies.prefix(5000).enumerated().allSatisfy { $1 == .bulk(Array("\($0)".utf8)) })
            guard case .error = replies[5000] else {
                Issue.record("no error")
                return
            }
            #expect(replies[5001] == .status("PONG"))
            await peer.stop()
        }

        @Test func `many callers at once get their own replies`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())

            let wrong = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        let reply = try? await peer.link.send("ECHO", "\(number)")
                        return reply != .bulk(Array("\(number)".utf8))
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }

            #expect(wrong == 0)
            await peer.stop()
        }

        @Test func `a transaction happens as a whole or not at all`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())

            let good = try await peer.link.transaction([
                bytes("SET", "a", "1"), bytes("INCR", "a"), bytes("LPUSH", "a", "x"),
            ])
            let refused = await error {
                _ = try await peer.link.transaction([bytes("SET", "a", "9"), bytes("NOSUCH")])
                return .null
            }
            let kept = try await peer.link.send("GET", "a")

            #expect(good.count == 3)
            #expect(Array(good.prefix(2)) == [.status("OK"), .integer(2)])
            if case .error(let text) = good[2] { #expect(text.hasPrefix("WRONGTYPE")) }
            #expect(refused?.code == .refused)
            #expect(refused?.message.hasPrefix("NOSUCH: ERR unknown command") == true)
            #expect(kept == .bulk(Array("2".utf8)))
            await peer.stop()
        }

        @Test func `a transaction is refused to a user who may not use MULTI`() async throws {
            let server = try await RedisProcess(
                configuration: ["user half on nopass ~* &* +@all -multi"])
            let peer = try await RecordedConnection.ready(
                server.configuration(RedisLogin(username: "half")))

            let refused = await error {
                _ = try await peer.link.transaction([bytes("SET", "a", "9")])
                return .null
            }

            #expect(refused?.code == .refused)
            #expect(try await peer.link.send("EXISTS", "a") == .integer(0))
            await peer.stop()
        }

        @Test func `user, password, database and name are set before the link is ready`()
            async throws
        {
            let server = try await RedisProcess(
                configuration: ["requirepass s3cret", "user bob on >p@ss:w/rd ~* &* +@all"])
            let bob = RedisLogin(username: "bob", password: "p@ss:w/rd", database: 3)
            let named = try await RecordedConnection.ready(server.configuration(bob).named("x y"))
            let plain = try await RecordedConnection.ready(
                server.configuration(RedisLogin(password: "s3cret")))

            _ = try await named.link.send("SET", "here", "1")
            let who = try await named.link.send("ACL", "WHOAMI")
            let name = try await named.link.send("CLIENT", "GETNAME")

            #expect(who == .bulk(Array("bob".utf8)))
            #expect(name == .bulk(Array("test:x-y".utf8)))
            #expect(try await plain.link.send("EXISTS", "here") == .integer(0))
            _ = try await plain.link.send("SELECT", "3")
            #expect(try await plain.link.send("EXISTS", "here") == .integer(1))
            guard case .connected(let version, let runID)? = await named.events.first else {
                Issue.record("no event")
                return
            }
            #expect(version.split(separator: ".").count == 3)
            #expect(runID.count == 40)
            await named.stop()
            await plain.stop()
        }

        @Test func `a wrong password and a missing one are told without the password`() async throws
        {
            let server = try await RedisProcess(configuration: ["requirepass s3cret"])
            let wrong = await RecordedConnection(
                server.configuration(RedisLogin(password: "oops-secret")))
            let missing = await RecordedConnection(server.configuration())
            let database = await RecordedConnection(
                server.configuration(RedisLogin(password: "s3cret", database: 99)))

            for peer in [wrong, missing, database] {
                try await waitUntil("refused") { await !peer.reasons.isEmpty }
            }

            #expect(await wrong.reasons[0].contains("AUTH refused: WRONGPASS"))
            #expect(await !wrong.reasons[0].contains("oops-secret"))
            #expect(await missing.reasons[0].contains("NOAUTH"))
            #expect(await database.reasons[0].contains("SELECT 99 refused"))
            let failed = await error { try await wrong.link.send("PING") }
            #expect(failed?.code == .notConnected)
            #expect(!"\(RedisLogin(password: "oops-secret"))".contains("oops"))
            for peer in [wrong, missing, database] { await peer.stop() }
        }

        @Test func `a unix socket and IPv6 serve as well`() async throws {
            let folder = try RedisProcess.temporaryFolder()
            let path = folder.appendingPathComponent("r.sock").path
            let server = try await RedisProcess(
                configuration: ["unixsocket \(path)", "bind 127.0.0.1 -::1"], in: folder)
            let local = try await RecordedConnection.ready(
                RedisConfiguration(route: .servers([.init(.unixSocket(path: path))])))
            #expect(try await local.link.send("PING") == .status("PONG"))
            await local.stop()

            guard access("/proc/net/if_inet6", R_OK) == 0 else { return }
            let six = try await RecordedConnection.ready(
                RedisConfiguration(
                    route: .servers([.init(.tcp(host: "::1", port: server.port))])))
            #expect(try await six.link.send("PING") == .status("PONG"))
            await six.stop()
        }

        @Test func `names are looked up off the loop, and unknown ones are told`() async throws {
            let server = try await RedisProcess()
            let named = try await RecordedConnection.ready(
                RedisConfiguration(
                    route: .servers([.init(.tcp(host: "localhost", port: server.port))])))
            let lost = await RecordedConnection(
                RedisConfiguration(
                    route: .servers([.init(.tcp(host: "no-such-host.invalid", port: 1))])))

            #expect(try await named.link.send("PING") == .status("PONG"))
            try await waitUntil("told", seconds: 40) { await !lost.reasons.isEmpty }
            #expect(await lost.reasons[0].contains("no-such-host.invalid"))
            await named.stop()
            await lost.stop()
        }

        @Test func `more commands than may wait are refused, and none of them is sent`()
            async throws
        {
            let server = try await RedisProcess()
            var configuration = server.configuration()
            configuration.limits.inFlight = 10
            configuration.limits.writeBuffer = 100_000
            let peer = try await RecordedConnection.ready(configuration)

            let atLimit = try await peer.link.pipeline(
                Array(repeating: bytes("INCR", "n"), count: 10))
            let beyond = await error {
                _ = try await peer.link.pipeline(Array(repeating: bytes("INCR", "n"), count: 11))
                return .null
            }
            let tooBig = await error {
                try await peer.link.send([
                    Array("ECHO".utf8), Array(repeating: 120, count: 100_000),
                ])
            }

            #expect(atLimit.count == 10)
            #expect(beyond?.code == .overloaded)
            #expect(tooBig?.code == .overloaded)
            #expect(try await peer.link.send("GET", "n") == .bulk(Array("10".utf8)))
            #expect(await peer.link.statistics.overloads == 2)
            await peer.stop()
        }

        @Test func `a big value passes through a full socket`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let big = [UInt8](repeating: 7, count: 12 << 20)

            _ = try await peer.link.send([Array("SET".utf8), Array("big".utf8), big])
            let reply = try await peer.link.send("GET", "big")

            #expect(reply == .bulk(big))
            await peer.stop()
        }
    }
}

/// The broker error that a body throws, if it does.
func error(_ body: () async throws -> RESPValue) async -> BrokerError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? BrokerError
    }
}
