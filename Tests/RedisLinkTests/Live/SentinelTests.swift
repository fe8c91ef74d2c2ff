import EventLoop
import Foundation
import Ports
import RedisLink
import Testing

extension Live {
    @Suite struct Sentinels {
        @Test func `the master is found through Sentinel and followed through a failover`()
            async throws
        {
            let master = try await RedisProcess()
            let replica = try await RedisProcess(
                configuration: ["replicaof 127.0.0.1 \(master.port)"])
            let direct = try await RecordedConnection.ready(replica.configuration())
            try await waitUntil("replicated") {
                guard case .bulk(let text)? = try? await direct.link.send("INFO", "replication")
                else { return false }
                return String(decoding: text, as: UTF8.self).contains("master_link_status:up")
            }
            let sentinel = try await RedisProcess(
                executable: "redis-sentinel",
                configuration: [
                    "requirepass watch", "sentinel monitor main 127.0.0.1 \(master.port) 1",
                    "sentinel down-after-milliseconds main 1000",
                    "sentinel failover-timeout main 3000",
                ])
            let silent = try RedisProcess.freePort()
            let route = RedisRoute.sentinel(
                sentinels: [
                    .init(.tcp(host: "127.0.0.1", port: silent)),
                    .init(sentinel.endpoint, login: RedisLogin(password: "watch")),
                ],
                masterName: "main", login: RedisLogin(database: 1))
            let peer = try await RecordedConnection.ready(RedisConfiguration(route: route))
            let events = try await RecordedSubscription.ready(
                RedisConfiguration(route: route), patterns: ["ev/*"], through: peer.link)
            #expect(try await port(of: peer) == master.port)
            let watcher = try await RecordedConnection.ready(
                RedisConfiguration(
                    route: .servers([
                        .init(sentinel.endpoint, login: RedisLogin(password: "watch"))
                    ])))
            try await waitUntil("Sentinel knows the replica", seconds: 30) {
                guard
                    case .array(let all)? = try? await watcher.link.send(
                        "SENTINEL", "replicas", "main")
                else { return false }
                return all.count == 1
            }

            master.stop()
            let back = try await waitUntil("failed over", seconds: 40) {
                let (commands, pushes) = await (peer.connects, events.subscribed.count)
                return commands >= 2 && pushes >= 2
            }
            print("F2: both links on the new master \(back) s after the old one died")

            #expect(try await port(of: peer) == replica.port)
            _ = try await peer.link.send("PUBLISH", "ev/x", "here")
            try await waitUntil("messages flow") { await events.items.last == "ev/x=here" }
            for one in [peer, direct, watcher] { await one.stop() }
            await events.stop()
        }

        @Test func `an unknown master and a wrong Sentinel password are told`() async throws {
            let sentinel = try await RedisProcess(
                executable: "redis-sentinel", configuration: ["requirepass watch"])
            func link(_ password: String) async -> RecordedConnection {
                await RecordedConnection(
                    RedisConfiguration(
                        route: .sentinel(
                            sentinels: [
                                .init(sentinel.endpoint, login: RedisLogin(password: password))
                            ], masterName: "main", login: RedisLogin())))
            }

            let unknown = await link("watch")
            let refused = await link("oops-secret")
            for one in [unknown, refused] {
                try await waitUntil("told") { await !one.reasons.isEmpty }
            }

            #expect(await unknown.reasons[0].contains("does not know it"))
            #expect(await refused.reasons[0].contains("WRONGPASS"))
            #expect(await !refused.reasons[0].contains("oops"))
            await unknown.stop()
            await refused.stop()
        }

        private func port(of peer: RecordedConnection) async throws -> Int? {
            guard case .array(let parts) = try await peer.link.send("CONFIG", "GET", "port"),
                case .bulk(let text)? = parts.last
            else { return nil }
            return Int(String(decoding: text, as: UTF8.self))
        }
    }
}
