import Fleet
import Testing
import WireFormats
import WorkerRules

struct ControlTests {
    private func body(_ payload: [UInt8]) throws -> JsonValue {
        try Envelope(decoding: payload).json()
    }

    private func replies(_ name: String) throws -> [(worker: String, value: JsonValue)] {
        let sample = try #require(CelerySamples.load("control_replies")[name])
        return try #require(sample["replies"]?.array).flatMap { reply in
            (reply.object ?? []).map { ($0.name, $0.value) }
        }
    }

    @Test func `whatever goes in, no command that harms a worker comes out`() throws {
        var generator = SeededGenerator(77)
        var accepted = 0
        var refused = 0
        for _ in 0..<100_000 {
            let message = generator.controlMessage()
            do {
                let payload = try message.encoded()
                accepted += 1
                try WorkerRules.checkControl(payload)
            } catch is CeleryError {
                refused += 1
            }
        }
        #expect(accepted > 5000)
        #expect(refused > 5000)
    }

    @Test func `the rules refuse each captured broadcast that harmed workers`() throws {
        for sample in try #require(CelerySamples.load("poison_pidbox").object) {
            let bytes = Array(try #require(sample.value["published"]?.string).utf8)
            #expect(throws: (any Error).self, "\(sample.name)") {
                try WorkerRules.checkControl(bytes)
            }
        }
    }

    @Test func `a question has the form of the official client's`() throws {
        let message = ControlMessage(
            .ping, destination: ["a@h"], reply: ControlReplyAddress(ticket: "T", key: "gw.replies"),
            deliveryTag: "d")
        let expected: JsonValue = [
            "method": "ping", "arguments": [:], "destination": ["a@h"], "pattern": nil,
            "matcher": nil, "ticket": "T",
            "reply_to": ["exchange": "", "routing_key": "gw.replies"],
        ]
        #expect(try body(message.encoded()) == expected)
        let silent = ControlMessage(.heartbeat, reply: nil, deliveryTag: "d")
        let command = try body(silent.encoded())
        #expect(command["destination"] == .null)
        #expect(command["ticket"] == nil)
        #expect(command["reply_to"] == nil)
    }

    @Test(
        arguments: [
            (.queryTask(ids: ["a"]), ["ids": ["a"]]),
            (.hello(fromNode: "g@h", revoked: ["x"]), ["from_node": "g@h", "revoked": ["x"]]),
            (
                .revoke(taskIDs: ["a", "b"], terminate: true, signal: "SIGKILL"),
                ["task_id": ["a", "b"], "terminate": true, "signal": "SIGKILL"]
            ),
            (.revoke(taskIDs: ["a"]), ["task_id": ["a"], "terminate": false]),
            (
                .revokeByStampedHeaders(headers: ["s": ["1"]], terminate: true),
                ["headers": ["s": ["1"]], "terminate": true]
            ),
            (.rateLimit(task: "t", limit: "100/m"), ["task_name": "t", "rate_limit": "100/m"]),
            (.rateLimit(task: "t", limit: nil), ["task_name": "t", "rate_limit": 0]),
            (
                .timeLimit(task: "t", soft: nil, hard: 2.5),
                ["task_name": "t", "soft": nil, "hard": 2.5]
            ),
            (.poolGrow(2), ["n": 2]), (.autoscale(max: 4, min: 1), ["max": 4, "min": 1]),
            (.poolRestart, ["modules": nil, "reload": false, "reloader": nil]),
            (
                .addConsumer(queue: "q", exchange: "x", exchangeType: "topic", routingKey: "d.*"),
                ["queue": "q", "exchange": "x", "exchange_type": "topic", "routing_key": "d.*"]
            ),
            (.cancelConsumer(queue: "q"), ["queue": "q"]), (.active(safe: true), ["safe": true]),
            (.reserved(safe: true), [:]), (.conf, ["with_defaults": false]), (.shutdown, [:]),
        ] as [(ControlMethod, JsonValue)])
    func `each command has Celery's arguments`(method: ControlMethod, arguments: JsonValue) throws {
        let message = ControlMessage(method, destination: ["a@h"], reply: nil, deliveryTag: "d")
        let command = try body(message.encoded())
        #expect(command["method"] == .string(method.name))
        #expect(command["arguments"] == arguments)
    }

    @Test func `a command that changes pools must name its workers`() {
        for method in [
            ControlMethod.shutdown, .poolRestart, .poolGrow(1), .poolShrink(1),
            .autoscale(max: 2, min: 1),
        ] {
            let message = ControlMessage(method, reply: nil, deliveryTag: "d")
            #expect(throws: CeleryError.self) { try message.encoded() }
        }
    }

    @Test func `the bounds hold`() throws {
        func encode(ids: Int, nodes: Int) throws {
            _ = try ControlMessage(
                .revoke(taskIDs: Array(repeating: "a", count: ids)),
                destination: Array(repeating: "n", count: nodes), reply: nil, deliveryTag: "d"
            ).encoded()
        }
        #expect(throws: Never.self) {
            try encode(ids: CeleryLimits.maxCommandIDs, nodes: CeleryLimits.maxDestinations)
        }
        #expect(throws: CeleryError.self) {
            try encode(ids: CeleryLimits.maxCommandIDs + 1, nodes: 1)
        }
        #expect(throws: CeleryError.self) {
            try encode(ids: 1, nodes: CeleryLimits.maxDestinations + 1)
        }
        #expect(throws: CeleryError.self) { try encode(ids: 0, nodes: 1) }
    }

    @Test func `captured items of a reply list are read`() throws {
        let items = try #require(CelerySamples.load("control_reply_anon_exchange").array)
        for item in items {
            let reply = try ControlReply(decoding: Array(item.text(asciiOnly: true).utf8))
            #expect(reply.ticket == "T1")
            #expect(reply.answers.count == 1)
            #expect(InspectReply(try #require(reply.answers.first).value, to: .ping) == .pong)
        }
        let others = try #require(CelerySamples.load("results_other_serializers").object)
        var unsupported = 0
        for sample in others {
            for item in sample.value["control_ping_reply"]?.array ?? [] {
                do throws(CeleryError) {
                    let reply = try ControlReply(decoding: Array(item.text(asciiOnly: true).utf8))
                    #expect(reply.answers.first?.worker == "ser@host")
                } catch {
                    #expect(error.code == .unsupported)
                    unsupported += 1
                }
            }
        }
        #expect(unsupported >= 2)
    }

    /// As Celery 5.2 tells of its pools (`_get_info` in celery/concurrency/).
    @Test(arguments: [
        (#"{"max-concurrency": 2, "processes": [7, 8], "writes": {"total": 0}}"#, "prefork"),
        (#"{"max-concurrency": 1, "processes": [7], "max-tasks-per-child": null}"#, "solo"),
        (#"{"max-concurrency": 2, "threads": 0}"#, "threads"),
        (#"{"max-concurrency": 2, "free-threads": 2, "running-threads": 0}"#, "eventlet"),
        (#"{"max-concurrency": 2}"#, "gevent"),
        (#"{"max-concurrency": 2, "somebody": "else's"}"#, nil), ("{}", nil),
    ])
    func `a pool that does not tell what it is is known by its figures`(
        pool: String, name: String?
    ) throws {
        let text = #"{"pool": \#(pool)}"#
        let value = try JsonReader.parse(Array(text.utf8), limits: .celery)
        #expect(WorkerStats(value).pool == name)
    }

    @Test func `captured stats tell pool, processes and figures`() throws {
        for (_, value) in try replies("stats") {
            guard case .stats(let stats)? = InspectReply(value, to: .stats) else {
                Issue.record("no stats")
                continue
            }
            #expect(stats.pool == "prefork")
            #expect(stats.pid == value["pid"]?.integer.map(Int.init))
            #expect(stats.processes.count == value["pool"]?["processes"]?.array?.count)
            #expect(stats.concurrency == value["pool"]?["max-concurrency"]?.integer.map(Int.init))
            #expect(stats.prefetch == value["prefetch_count"]?.integer.map(Int.init))
            #expect(stats.autoscaleMax == value["autoscaler"]?["max"]?.integer.map(Int.init))
            #expect(stats.clock == value["clock"]?.string.flatMap(Int64.init))
            #expect(stats.clock != nil)
            #expect(stats.uptime == value["uptime"]?.double)
            #expect(stats.cpuUser == value["rusage"]?["utime"]?.double)
            #expect(stats.maxRSSKibibytes == value["rusage"]?["maxrss"]?.integer.map(Int.init))
            #expect(stats.totals.count == value["total"]?.object?.count)
        }
    }

    @Test func `captured task lists are read`() throws {
        for (name, method) in [
            ("active", ControlMethod.active(safe: false)), ("active_safe", .active(safe: true)),
            ("reserved", .reserved(safe: true)),
        ] {
            var count = 0
            for (_, value) in try replies(name) {
                let tasks: [TaskInfo]
                switch InspectReply(value, to: method) {
                case .active(let infos)?, .reserved(let infos)?: tasks = infos
                default: tasks = []
                }
                #expect(tasks.count == value.array?.count)
                for (task, item) in zip(tasks, value.array ?? []) {
                    count += 1
                    #expect(task.id == item["id"]?.string)
                    #expect(task.name == item["name"]?.string)
                    #expect(task.args == item["args"].map { $0.string ?? $0.text() })
                    #expect(task.timeStart == item["time_start"]?.double)
                    #expect(task.routingKey == item["delivery_info"]?["routing_key"]?.string)
                    #expect(task.workerPID == item["worker_pid"]?.integer.map(Int.init))
                }
            }
            #expect(count > 0, "\(name)")
        }
        let held = try replies("scheduled").flatMap { reply -> [ScheduledTask] in
            guard
                case .scheduled(let tasks)? = InspectReply(reply.value, to: .scheduled(safe: true))
            else { return [] }
            return tasks
        }
        #expect(held.first?.eta == "2026-11-23T19:16:29+00:00")
        #expect(held.first?.request.name == "wapp.add")
        let queried = try replies("query_task").flatMap { TaskInfo.queried($0.value) }
        #expect(queried.contains { $0.state == "scheduled" && $0.task.name == "wapp.add" })
    }

    @Test func `captured lists of queues, tasks and settings are read`() throws {
        for (_, value) in try replies("active_queues_after_add") {
            guard case .activeQueues(let queues)? = InspectReply(value, to: .activeQueues) else {
                Issue.record("no queues")
                continue
            }
            #expect(
                queues.contains(
                    ConsumedQueue(
                        name: "dyn2", exchange: "dynx", exchangeType: "topic", routingKey: "d.*")))
        }
        for (_, value) in try replies("registered") {
            guard case .registered(let tasks)? = InspectReply(value, to: .registered) else {
                Issue.record("no tasks")
                continue
            }
            #expect(tasks.contains(RegisteredTask(name: "wapp.limited", rateLimit: "1/s")))
            #expect(tasks.contains(RegisteredTask(name: "wapp.add")))
        }
        for (_, value) in try replies("conf_defaults") {
            guard case .conf(let settings)? = InspectReply(value, to: .conf) else {
                Issue.record("no settings")
                continue
            }
            #expect(settings.sendsSentEvent == value["task_send_sent_event"]?.bool)
            #expect(settings.poolRestarts == value["worker_pool_restarts"]?.bool)
            #expect(settings.acksLate == false)
            #expect(settings.listensToOldNames == false)
            #expect(settings.all["accept_content"] == #"["json"]"#)
        }
        for (_, value) in try replies("revoked") {
            #expect(
                InspectReply(value, to: .revoked)
                    == .revoked(value.array?.compactMap(\.string) ?? []))
        }
    }

    @Test func `answers to orders are told apart`() throws {
        #expect(
            try replies("rate_limit_unknown").allSatisfy {
                ControlAnswer($0.value) == .error("unknown task")
            })
        #expect(try replies("heartbeat").allSatisfy { ControlAnswer($0.value) == .other })
        let restarts = try replies("pool_restart").map { ControlAnswer($0.value) }
        #expect(
            Set(restarts.map { "\($0)" }) == [
                "ok(\"reload started\")", "error(\"ValueError(\\'Pool restarts not enabled\\')\")",
            ])
        let refused: JsonValue = ["error": "KeyError('nosuch')"]
        for method in [ControlMethod.stats, .conf, .activeQueues] {
            #expect(InspectReply(refused, to: method) == nil)
        }
    }

    @Test func `random damage of replies never traps`() throws {
        var generator = SeededGenerator(12)
        let methods: [(String, ControlMethod)] = [
            ("stats", .stats), ("active", .active(safe: true)),
            ("scheduled", .scheduled(safe: true)),
            ("active_queues", .activeQueues), ("registered", .registered), ("conf", .conf),
            ("query_task", .queryTask(ids: [])),
        ]
        var seeds: [(ControlMethod, [UInt8])] = []
        for (name, method) in methods {
            seeds += try replies(name).map { (method, Array($0.value.text(asciiOnly: true).utf8)) }
        }
        var read = 0
        for _ in 0..<20_000 {
            var (method, bytes) = generator.pick(seeds)
            generator.damage(&bytes)
            guard let value = try? JsonReader.parse(bytes, limits: .celery) else { continue }
            if InspectReply(value, to: method) != nil { read += 1 }
            _ = TaskInfo.queried(value)
        }
        #expect(read > 100)
    }
}
