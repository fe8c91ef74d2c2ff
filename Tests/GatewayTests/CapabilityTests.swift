import Fleet
import Testing
import WireFormats

@testable import Gateway

@Suite struct CapabilityTests {
    private func worker(
        _ pool: String, autoscaled: Bool = false, restarts: Bool? = nil, software: String? = nil
    ) throws -> WorkerRecord {
        var fleet = FleetState(startedAt: 0)
        var stats = WorkerStats()
        stats.pool = pool
        stats.processes = [1, 2]
        if autoscaled { (stats.autoscaleMin, stats.autoscaleMax) = (1, 4) }
        fleet.apply(.stats(stats), from: "w@h", receivedAt: 1)
        if let restarts {
            var settings = WorkerSettings()
            settings.poolRestarts = restarts
            fleet.apply(.conf(settings), from: "w@h", receivedAt: 1)
        }
        var record = try #require(fleet.worker("w@h"))
        record.software = software
        return record
    }

    private func lacks(_ worker: WorkerRecord) -> [String: String] {
        var reasons: [String: String] = [:]
        for line in CommandCatalog.lacks(of: worker) {
            let parts = line.split(separator: ": ", maxSplits: 1)
            for command in parts[0].split(separator: " ") {
                reasons[String(command)] = String(parts[1])
            }
        }
        return reasons
    }

    @Test func `a plain prefork worker lacks an autoscaler and restarts`() throws {
        #expect(
            lacks(try worker("prefork", restarts: false)) == [
                "worker.autoscale": "it runs without an autoscaler",
                "worker.restart": "pool restarts are not enabled",
            ])
        #expect(lacks(try worker("prefork", restarts: true)).keys.sorted() == ["worker.autoscale"])
    }

    @Test func `an autoscaled worker changes its size by its bounds only`() throws {
        let lacks = lacks(try worker("prefork", autoscaled: true, restarts: true))
        #expect(lacks.keys.sorted() == ["worker.poolGrow", "worker.poolShrink"])
    }

    @Test(arguments: ["solo", "threads"])
    func `pools that are one process can do least`(pool: String) throws {
        let lacks = lacks(try worker(pool))
        #expect(
            lacks.keys.sorted() == [
                "task.revoke+terminate", "task.revokeStamped+terminate", "worker.autoscale",
                "worker.poolGrow",
                "worker.poolShrink", "worker.restart", "worker.timeLimit",
                "worker.timeLimit+soft",
            ])
        #expect(lacks["task.revoke+terminate"] == "the \(pool) pool cannot end a running task")
    }

    /// celery/concurrency: gevent takes a soft limit and forgets it, eventlet both; each ends greenlets.
    @Test(
        arguments: [
            ("prefork", []), ("gevent", ["worker.timeLimit+soft"]),
            ("eventlet", ["worker.timeLimit", "worker.timeLimit+soft"]),
        ] as [(String, Set<String>)])
    func `only limits that a pool enforces can be set`(pool: String, expected: Set<String>) throws {
        let lacks = lacks(try worker(pool))
        #expect(Set(lacks.keys.filter { $0.hasPrefix("worker.timeLimit") }) == expected)
        #expect(lacks["task.revoke+terminate"] == nil)
    }

    @Test func `nothing is said about a worker of which nothing is known`() throws {
        var fleet = FleetState(startedAt: 0)
        fleet.apply(.pong, from: "w@h", receivedAt: 1)

        #expect(CommandCatalog.lacks(of: try #require(fleet.worker("w@h"))).isEmpty)
    }

    @Test(
        arguments: [
            ("py-celery 5.2.7", true), ("py-celery 5.3.0", false), ("py-celery 6.0.0", false),
            ("py-celery 5.10.1", false), ("rust-celery 0.5", false), (nil, false),
        ] as [(String?, Bool)])
    func `an old version lacks what came later`(software: String?, isLacking: Bool) throws {
        let need = CommandNeed.celery(major: 5, minor: 3)

        #expect((need.lack(of: try worker("prefork", software: software)) != nil) == isLacking)
    }

    @Test func `what is not known of a worker is asked for`() throws {
        let new = WorkerRecord?.none
        let told = try worker("prefork")
        let whole = try worker("prefork", autoscaled: true, restarts: false)

        #expect(CommandNeed.pool(["prefork"], why: "").missing(of: new) == .stats)
        #expect(CommandNeed.pool(["prefork"], why: "").missing(of: told) == nil)
        #expect(CommandNeed.autoscaler.missing(of: new) == .stats)
        #expect(CommandNeed.noAutoscaler.missing(of: told) == nil)
        #expect(CommandNeed.poolRestarts.missing(of: new) == .conf)
        #expect(CommandNeed.poolRestarts.missing(of: told) == .conf)
        #expect(CommandNeed.poolRestarts.missing(of: whole) == nil)
        #expect(CommandNeed.module("psutil").missing(of: new) == nil)
        #expect(CommandNeed.celery(major: 5, minor: 3).missing(of: new) == nil)
    }
}
