import EventLoop
import Foundation
import Ports
import RedisLink
import Testing

extension Live {
    @Suite struct Faults {
        @Test func `a killed server fails what waits at once and the link comes back`()
            async throws
        {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let events = try await RecordedSubscription.ready(
                server.configuration(), patterns: ["ev/*"], through: peer.link)
            let clock = ContinuousClock()
            async let waiting = error { try await peer.link.send("BLPOP", "nothing", "0") }
            try await waitUntil("it waits") { await peer.link.statistics.commands >= 1 }

            server.stop()
            let killed = clock.now
            let lost = await waiting
            let down = clock.now
            try await waitUntil("both are down") {
                let (isUp, losses) = await (peer.link.isConnected, events.losses.count)
                return !isUp && losses > 0
            }
            let refused = await error { try await peer.link.send("PING") }
            let refusedAfter = clock.now - down

            #expect(lost?.code == .connectionLost)
            #expect(down - killed < .seconds(1))
            #expect(refused?.code == .notConnected)
            #expect(refusedAfter < .milliseconds(200))

            try await server.start()
            let back = try await waitUntil("both are back") {
                let (commands, pushes) = await (peer.connects, events.subscribed.count)
                return commands == 2 && pushes == 2
            }
            print("F1: both links back \(back) s after the server listened")
            #expect(back < 2.2)
            #expect(await peer.reasons.count >= 1)
            _ = try await peer.link.send("PUBLISH", "ev/x", "after")
            try await waitUntil("messages flow") { await events.items == ["ev/x=after"] }
            let ids = await peer.events.compactMap { event -> String? in
                if case .connected(_, let id) = event { id } else { nil }
            }
            #expect(Set(ids).count == 2)
            await events.stop()
            await peer.stop()
        }

        @Test func `a frozen server is noticed within five seconds by both links`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let events = try await RecordedSubscription.ready(
                server.configuration(), patterns: ["ev/*"], through: peer.link)
            try await waitUntil("a probe") { await !events.probes.isEmpty }

            server.freeze()
            let frozen = Date().timeIntervalSince1970
            let noticed = try await waitUntil("noticed", seconds: 8) {
                await !events.losses.isEmpty
            }
            let since = await events.losses[0].since
            try await waitUntil("the commands too", seconds: 8) { await !peer.reasons.isEmpty }
            server.thaw()
            let back = try await waitUntil("back", seconds: 8) {
                let (isUp, times) = await (peer.link.isConnected, events.subscribed.count)
                return isUp && times >= 2
            }

            print("F3: noticed after \(noticed) s, back \(back) s after the server went on")
            #expect(noticed < 5)
            #expect(abs(since - frozen) < 2.5)
            #expect(back < 2)
            await events.stop()
            await peer.stop()
        }

        @Test func `a command that gets no reply times out and the link starts anew`()
            async throws
        {
            let server = try await RedisProcess()
            var configuration = server.configuration()
            configuration.timeouts.command = .milliseconds(500)
            let peer = try await RecordedConnection.ready(configuration)

            async let slow = error { try await peer.link.send("BLPOP", "nothing", "0") }
            let late = await slow

            #expect(late?.code == .timedOut)
            try await waitUntil("again") { await peer.connects == 2 }
            #expect(await peer.reasons[0].contains("no reply to BLPOP"))
            await peer.stop()
        }

        @Test func `an idle link asks for a sign of life`() async throws {
            let server = try await RedisProcess()
            var configuration = server.configuration()
            configuration.timeouts.idlePing = .milliseconds(300)
            configuration.timeouts.command = .milliseconds(700)
            let peer = try await RecordedConnection.ready(configuration)

            server.freeze()
            let noticed = try await waitUntil("noticed", seconds: 5) {
                await !peer.reasons.isEmpty
            }
            server.thaw()

            #expect(noticed < 3)
            try await waitUntil("back") { await peer.connects == 2 }
            await peer.stop()
        }

        @Test func `a deaf subscription is noticed though its connection answers`() async throws {
            let server = try await RedisProcess()
            let elsewhere = try await RedisProcess()
            let peer = try await RecordedConnection.ready(elsewhere.configuration())

            let events = try await RecordedSubscription.ready(
                server.configuration(), patterns: ["ev/*"], through: peer.link)
            let noticed = try await waitUntil("noticed", seconds: 8) {
                await !events.losses.isEmpty
            }

            #expect(noticed < 5)
            #expect(await events.losses[0].reason.contains("a probe published"))
            await events.stop()
            await peer.stop()
        }

        @Test func `a killed subscriber connection is a told gap`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let events = try await RecordedSubscription.ready(
                server.configuration(), patterns: ["ev/*"], through: peer.link)
            _ = try await peer.link.send("PUBLISH", "ev/x", "before")

            let killed = try await peer.link.send("CLIENT", "KILL", "TYPE", "pubsub")
            let back = try await waitUntil("back") { await events.subscribed.count == 2 }
            _ = try await peer.link.send("PUBLISH", "ev/x", "after")
            try await waitUntil("messages flow") { await events.items.count == 2 }

            #expect(killed == .integer(1))
            #expect(back < 2)
            #expect(await events.items == ["ev/x=before", "ev/x=after"])
            #expect(await String(events.order) == "sblsb")
            let (since, again) = await (events.losses[0].since, events.subscribed[1])
            #expect(since <= again && again - since < 3)
            await events.stop()
            await peer.stop()
        }

        @Test func `a reader that fell behind is cut off, told, and back within two seconds`()
            async throws
        {
            let server = try await RedisProcess(
                configuration: ["client-output-buffer-limit pubsub 1mb 1mb 1"])
            let peer = try await RecordedConnection.ready(server.configuration())
            let gate = Gate()
            let counter = EventCounter<Int>()
            let subscription = await Subscription<Int>(
                server.configuration(), patterns: [Array("ev/*".utf8)], probeThrough: peer.link,
                decode: { _, _, items in
                    gate.wait()
                    items.append(1)
                },
                onEvent: { counter.note($0) })
            await subscription.start()
            try await waitUntil("subscribed") { await counter.subscribed == 1 }

            gate.close()
            let load = [
                Array("PUBLISH".utf8), Array("ev/x".utf8), [UInt8](repeating: 65, count: 1 << 17),
            ]
            for _ in 0..<100 { _ = try await peer.link.send(load) }
            let alive = try await peer.link.send("PUBSUB", "NUMPAT")
            gate.open()
            let back = try await waitUntil("back") { await counter.subscribed == 2 }

            #expect(alive == .integer(0))
            print("F4: back \(back) s after reading went on, \(await counter.messages) of 100 came")
            #expect(back < 2)
            #expect(await counter.losses == 1)
            #expect(await counter.messages < 100)
            await subscription.stop()
            await peer.stop()
        }

        @Test func `a failover list ends at the master, and leaves it when it is demoted`()
            async throws
        {
            let master = try await RedisProcess()
            let replica = try await RedisProcess(
                configuration: ["replicaof 127.0.0.1 \(master.port)"])
            let nobody = try RedisProcess.freePort()
            let configuration = RedisConfiguration(
                route: .servers([
                    .init(.tcp(host: "127.0.0.1", port: nobody)), .init(replica.endpoint),
                    .init(master.endpoint),
                ]))

            let peer = try await RecordedConnection.ready(configuration)
            let reasons = await peer.reasons
            #expect(reasons.contains { $0.contains("refused") })
            #expect(reasons.contains { $0.contains("slave") })
            #expect(try await peer.link.send("SET", "a", "1") == .status("OK"))

            let direct = try await RecordedConnection.ready(replica.configuration())
            _ = try await direct.link.send("REPLICAOF", "NO", "ONE")
            _ = try await peer.link.send("REPLICAOF", "127.0.0.1", "\(replica.port)")
            let refused = await error { try await peer.link.send("SET", "a", "2") }
            #expect(refused?.code == .refused)
            try await waitUntil("on the new master") { await peer.connects == 2 }
            #expect(try await peer.link.send("SET", "a", "3") == .status("OK"))
            #expect(try await direct.link.send("GET", "a") == .bulk(Array("3".utf8)))
            await peer.stop()
            await direct.stop()
        }

        @Test func `stopping fails what waits and nothing follows`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            async let waiting = error { try await peer.link.send("BLPOP", "nothing", "0") }
            try await waitUntil("it waits") { await peer.link.statistics.commands >= 1 }
            let before = await peer.events.count

            await peer.stop()
            let lost = await waiting
            let after = await error { try await peer.link.send("PING") }

            #expect(lost?.code == .connectionLost)
            #expect(after?.code == .notConnected)
            #expect(await peer.events.count == before)
        }
    }
}
