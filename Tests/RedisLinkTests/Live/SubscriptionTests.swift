import EventLoop
import Foundation
import Glibc
import Ports
import RedisLink
import Testing

extension Live {
    @Suite struct Subscriptions {
        @Test func `channels and payloads of several patterns arrive as sent`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let events = try await RecordedSubscription.ready(
                server.configuration(), patterns: ["/0.celeryev/*", "/0.celeryev"],
                through: peer.link)

            for (channel, payload) in [
                ("/0.celeryev/task.multi", "[]"), ("/0.celeryev", ""), ("other", "no"),
                ("/0.celeryev/worker.online", "{\"a\":\"\u{1F600}\"}"),
            ] { _ = try await peer.link.send("PUBLISH", channel, payload) }
            try await waitUntil("three came") { await events.messages == 3 }
            try await waitUntil("a probe came") { await !events.probes.isEmpty }

            #expect(
                await events.items == [
                    "/0.celeryev/task.multi=[]", "/0.celeryev=",
                    "/0.celeryev/worker.online={\"a\":\"\u{1F600}\"}",
                ])
            #expect(await events.bytes == 2 + 0 + 12)
            #expect(await events.probes.allSatisfy { $0 > 0 && $0 < 1 })
            #expect(await events.dropped == 0)
            await events.stop()
            await peer.stop()
        }

        /// Servers that send a message before the subscription is confirmed as a whole: with it, and
        /// then either the rest of the confirmation or rubbish.
        static let early: [(rest: String, isConfirmed: Bool)] = [
            ("*3\r\n$10\r\npsubscribe\r\n$4\r\nex/*\r\n:2\r\n", true), ("HTTP/1.1\r\n", false),
        ]

        @Test(arguments: early)
        func `a message that comes before the confirmation does not silence the rest`(
            rest: String, isConfirmed: Bool
        ) async throws {
            let message = "*4\r\n$8\r\npmessage\r\n$4\r\nev/*\r\n$4\r\nev/a\r\n$2\r\nhi\r\n"
            let first = "*3\r\n$10\r\npsubscribe\r\n$4\r\nev/*\r\n:1\r\n"
            let server = try RawServer(
                answers: [RawServer.greeting, Array((first + message + rest).utf8)])
            let configuration = RedisConfiguration(
                route: .servers([.init(.tcp(host: "127.0.0.1", port: server.port))]))

            let events = await RecordedSubscription(
                configuration, patterns: ["ev/*", "ex/*"], through: nil)

            if isConfirmed {
                try await waitUntil("the message") { await events.items == ["ev/a=hi"] }
                try await waitUntil("subscribed") { await events.subscribed.count == 1 }
            } else {
                try await waitUntil("told") { await !events.losses.isEmpty }
            }
            await events.stop()
            server.stop()
        }

        @Test func `two hundred thousand messages arrive, each once and in order`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let counter = EventCounter<Int>()
            let subscription = await Subscription<Int>(
                server.configuration(), patterns: [Array("ev/*".utf8)], probeThrough: peer.link,
                decode: { _, payload, items in
                    var number = 0
                    for index in payload.indices.prefix(6) {
                        number = number * 10 + Int(payload[index]) - 48
                    }
                    items.append(number)
                },
                onEvent: { counter.note($0) })
            await subscription.start()
            try await waitUntil("subscribed") { await counter.subscribed == 1 }

            let filler = String(repeating: "x", count: 300)
            for start in stride(from: 0, to: 200_000, by: 4000) {
                let commands = (start..<start + 4000).map {
                    bytes("PUBLISH", "ev/flood", String(1_000_000 + $0).dropFirst() + filler)
                }
                _ = try await peer.link.pipeline(commands)
            }
            try await waitUntil("all came", seconds: 60) { await counter.messages == 200_000 }

            #expect(await counter.items == Array(0..<200_000))
            #expect(await counter.bytes == 200_000 * 306)
            #expect(await counter.dropped == 0)
            #expect(await counter.losses == 0)
            #expect(await counter.biggestBatch <= 4096 + 64)
            await subscription.stop()
            await peer.stop()
        }

        @Test func `a loop that does not keep up costs counted messages, never the connection`()
            async throws
        {
            let server = try await RedisProcess()
            var configuration = server.configuration()
            configuration.limits.inboxBytes = 200_000
            configuration.limits.batchItems = 100
            let peer = try await RecordedConnection.ready(server.configuration())
            let counter = EventCounter<Int>()
            let subscription = await Subscription<Int>(
                configuration, patterns: [Array("ev/*".utf8)], probeThrough: peer.link,
                decode: { _, _, items in items.append(1) }, onEvent: { counter.note($0) })
            await subscription.start()
            try await waitUntil("subscribed") { await counter.subscribed == 1 }

            // All is published while this very turn of the loop lasts, and some time for the reader after it.
            let script = "for i=1,10000 do redis.call('PUBLISH','ev/x',ARGV[1]) end"
            try await Task { @LoopActor in
                try server.call("EVAL", script, "0", String(repeating: "p", count: 200))
                usleep(700_000)
            }.value
            try await waitUntil("all is accounted for") {
                await counter.messages + counter.dropped == 10_000
            }
            _ = try await peer.link.send("PUBLISH", "ev/x", "late")
            try await waitUntil("the next one comes") {
                await counter.messages + counter.dropped == 10_001
            }

            #expect(await counter.dropped > 0)
            #expect(await counter.messages == counter.items.count)
            #expect(await counter.losses == 0)
            await subscription.stop()
            await peer.stop()
        }

        @Test func `a forbidden channel is told with the server's reason`() async throws {
            let server = try await RedisProcess(
                configuration: ["user ear on nopass resetchannels &mine/* +@all"])

            let events = await RecordedSubscription(
                server.configuration(RedisLogin(username: "ear")), patterns: ["theirs/*"],
                through: nil)
            try await waitUntil("told") { await !events.losses.isEmpty }

            #expect(await events.losses[0].reason.contains("NOPERM"))
            #expect(await events.subscribed.isEmpty)
            await events.stop()
        }

        @Test func `a list is popped in order through kills and wrong types`() async throws {
            let server = try await RedisProcess()
            let peer = try await RecordedConnection.ready(server.configuration())
            let popped = Popped()
            let link = await BlockingPopLink(
                server.configuration(), key: Array("replies".utf8), onItem: { popped.add($0) })
            await link.start()

            for number in 0..<300 { _ = try await peer.link.send("LPUSH", "replies", "\(number)") }
            try await waitUntil("all came") { await popped.items.count == 300 }
            #expect(await popped.items == (0..<300).map { "\($0)" })

            _ = try await peer.link.pipeline([
                bytes("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
                bytes("SET", "replies", "no list"),
            ])
            try await waitUntil("again") { await link.statistics.connections == 2 }
            _ = try await peer.link.pipeline([
                bytes("DEL", "replies"), bytes("LPUSH", "replies", "last"),
            ])
            try await waitUntil("the last came") { await popped.items.last == "last" }
            await link.stop()
            await peer.stop()
        }
    }
}

@LoopActor
private final class Popped {
    private(set) var items: [String] = []
    nonisolated init() {}
    func add(_ item: [UInt8]) { items.append(String(decoding: item, as: UTF8.self)) }
}
