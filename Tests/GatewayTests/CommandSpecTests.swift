import Ports
import Testing
import WireFormats

@testable import Gateway

@Suite struct CommandSpecTests {
    private func parse(_ name: String, _ args: JsonValue, expect: JsonValue = nil)
        throws(CommandFault)
        -> CommandSpec
    {
        try CommandSpec(name, args: args, expect: expect, newID: { _ in "id-1" })
    }

    @Test func `a run is read with all its fields`() throws {
        let spec = try parse(
            "task.run",
            [
                "task": "mail.send", "args": [1, "two"], "kwargs": ["x": nil], "queue": "mail",
                "priority": 3, "countdown": 1.5, "expires": "2026-11-23T20:00:00+01:00",
                "softTimeLimit": 5, "timeLimit": 10,
            ])

        var expected = RunSpec(task: "mail.send", id: "id-1")
        expected.args = [1, "two"]
        expected.kwargs = [JsonMember("x", nil)]
        expected.queue = "mail"
        expected.priority = 3
        expected.eta = .after(1.5)
        expected.expires = .at("2026-11-23T20:00:00+01:00")
        expected.softTimeLimit = 5
        expected.timeLimit = 10
        #expect(spec.action == .run(expected))
    }

    /// A command that is refused, and what the refusal says.
    struct Fault: Sendable {
        let name: String
        let args: JsonValue
        let message: String

        init(_ name: String, _ args: JsonValue, _ message: String) {
            self.name = name
            self.args = args
            self.message = message
        }
    }

    static let faults: [Fault] = [
        Fault("task.run", [:], "args.task must be a text"),
        Fault("task.run", ["task": 5], "args.task must be a text"),
        Fault("task.run", ["task": ""], "args.task must be 1 to 255 bytes long"),
        Fault("task.run", ["task": "a\nb"], "args.task must not hold control characters"),
        Fault("task.run", ["task": "a", "args": "x"], "args.args must be an array"),
        Fault("task.run", ["task": "a", "kwargs": []], "args.kwargs must be an object"),
        Fault("task.run", ["task": "a", "priority": 10], "args.priority must be a whole number"),
        Fault("task.run", ["task": "a", "priority": 1.5], "args.priority must be a whole number"),
        Fault("task.run", ["task": "a", "countdown": -1], "args.countdown must be seconds"),
        Fault("task.run", ["task": "a", "countdown": 1, "eta": "2026-11-23T20:00:00Z"], "exclude"),
        Fault("task.run", ["task": "a", "eta": "2026-11-23 20:00"], "args.eta must be a time"),
        Fault("task.run", ["task": "a", "eta": "2026-11-23T20:00:00"], "args.eta must be a time"),
        Fault("task.run", ["task": "a", "softTimeLimit": 5, "timeLimit": 1], "must not be above"),
        Fault("task.run", ["task": "a", "nope": 1], "args.nope is not known"),
        Fault("task.revoke", ["ids": []], "at least one"),
        Fault("task.revoke", ["ids": ["a", "a"]], "twice"),
        Fault("task.revoke", ["id": "a", "ids": ["b"]], "exclude"),
        Fault("task.revoke", ["id": "a", "signal": "SIGTERM"], "needs args.terminate"),
        Fault(
            "task.revoke", ["id": "a", "terminate": true, "signal": "SIGSEGV"], "must be one of"),
        Fault("queue.purge", ["queue": nil], "args.queue must be a text"),
        Fault("queue.purge", ["queue": "q", "keep": 604_801], "args.keep must be seconds from 0"),
        Fault("queue.purge", ["queue": "celeriac.trash.x.0"], "that Celeriac needs for itself"),
        Fault("queue.restore", ["count": 5], "args.trash must be a text"),
        Fault("queue.restore", ["trash": "t", "count": 1, "ids": ["a"]], "exclude each other"),
        Fault("queue.restore", ["trash": "t", "count": 0], "from 1 to 10000"),
        Fault("queue.restore", ["trash": "t", "count": 10_001], "from 1 to 10000"),
        Fault("queue.restore", ["trash": "t", "ids": []], "at least one"),
        Fault("queue.pause", [:], "args.queue must be a text"),
        Fault(
            "queue.pause", ["queue": "q", "seconds": 0.5],
            "args.seconds must be seconds from 1.0 to 31622400"),
        Fault(
            "queue.pause", ["queue": "q", "seconds": 9, "resumeAt": "2026-11-23T20:15:00Z"],
            "args.resumeAt and args.seconds exclude each other"),
        Fault("queue.pause", ["queue": "_kombu.binding.x"], "args.queue"),
        Fault("worker.restart", ["workers": "celery@a"], "must be an array"),
        Fault("worker.shutdown", ["workers": [1]], "must hold texts only"),
        Fault("worker.restart", [1], "args must be an object"),
        Fault("election", [:], "unknown command election"),
    ]

    @Test(arguments: faults)
    func `a fault is named`(fault: Fault) {
        let thrown = #expect(throws: CommandFault.self) { try parse(fault.name, fault.args) }

        #expect(thrown?.message.contains(fault.message) == true, "\(thrown?.message ?? "")")
    }

    @Test func `a purge takes the client's expectation, and keeps for a day`() throws {
        #expect(
            try parse("queue.purge", ["queue": "mail"], expect: ["messagesMax": 12]).action
                == .purge(PurgeSpec(queue: "mail", messagesMax: 12, keep: 86_400)))
        #expect(
            try parse("queue.purge", ["queue": "mail", "keep": 0]).action
                == .purge(PurgeSpec(queue: "mail", messagesMax: nil, keep: 0)))
        #expect(throws: CommandFault.self) {
            try parse("queue.purge", ["queue": "mail"], expect: ["messagesMax": -1])
        }
    }

    @Test func `a restore is of everything, of the next ones, or of certain tasks`() throws {
        func part(_ args: JsonValue) throws -> RestoreSpec.Part? {
            guard case .restore(let spec) = try parse("queue.restore", args).action else {
                return nil
            }
            #expect(spec.trash == "t" && spec.queue == nil)
            return spec.part
        }

        #expect(try part(["trash": "t"]) == .all)
        #expect(try part(["trash": "t", "count": 10_000]) == .first(10_000))
        #expect(try part(["trash": "t", "ids": ["a", "b"]]) == .tasks(["a", "b"]))
    }

    @Test(arguments: [CommandLimits.targets, CommandLimits.targets + 1])
    func `the number of targets is bounded`(count: Int) {
        let ids = JsonValue.array((0..<count).map { .string("id\($0)") })

        let spec = try? parse("task.revoke", .object([JsonMember("ids", ids)]))

        #expect((spec != nil) == (count <= CommandLimits.targets))
    }

    @Test(arguments: [CommandLimits.nameBytes, CommandLimits.nameBytes + 1])
    func `the length of a name is bounded`(bytes: Int) {
        let name = JsonValue.string(String(repeating: "n", count: bytes))

        let spec = try? parse("queue.purge", .object([JsonMember("queue", name)]))

        #expect((spec != nil) == (bytes <= CommandLimits.nameBytes))
    }

    @Test(arguments: [
        ("2026-11-23T20:15:00Z", true), ("2026-11-23T20:15:00.123+05:30", true),
        ("2024-02-29T00:00:00Z", true), ("2026-02-29T00:00:00Z", false),
        ("2026-13-01T00:00:00Z", false), ("2026-11-23T24:00:00Z", false),
        ("2026-11-23T20:15:00", false), ("2026-11-23T20:15:00+0530", false), ("", false),
        ("2026-11-23T20:15:00.1Z", false), ("0000-01-01T00:00:00Z", false),
    ])
    func `an instant needs a date that exists and a zone`(text: String, isValid: Bool) {
        #expect(isInstant(text) == isValid)
    }

    @Test(arguments: [CommandLimits.signatures, CommandLimits.signatures + 1])
    func `the tasks of a group are bounded`(count: Int) {
        let tasks = JsonValue.array(Array(repeating: ["task": "t"], count: count))

        let spec = try? parse("task.group", .object([JsonMember("tasks", tasks)]))

        #expect((spec != nil) == (count <= CommandLimits.signatures))
    }

    static let canvasFaults: [Fault] = [
        Fault("task.run", ["task": "a", "chain": []], "args.chain must be an array of at least"),
        Fault("task.run", ["task": "a", "chain": ["b"]], "args.chain[0] must be an object"),
        Fault("task.run", ["task": "a", "chain": [["task": 5]]], "args.chain[0]: args.task must"),
        Fault("task.run", ["task": "a", "link": [["task": "b", "eta": 1]]], "link[0].eta is not"),
        Fault("task.run", ["task": "a", "routingKey": "k"], "needs args.exchange"),
        Fault("task.run", ["task": "a", "queue": "q", "exchange": "x"], "exclude each other"),
        Fault("task.run", ["task": "a", "queue": "unacked"], "is the name of a key"),
        Fault("task.group", [:], "args.tasks must be an array of at least one task"),
        Fault("task.chord", ["tasks": [["task": "a"]]], "args.body must be an object"),
        Fault("task.retry", [:], "args.id must be a text"),
        Fault("task.revokeStamped", ["stamps": ["a": [1]]], "stamps.a must be an array of texts"),
    ]

    @Test(arguments: canvasFaults)
    func `a fault within a task is named with its place`(fault: Fault) {
        let thrown = #expect(throws: CommandFault.self) { try parse(fault.name, fault.args) }

        #expect(thrown?.message.contains(fault.message) == true, "\(thrown?.message ?? "")")
    }

    @Test func `a chord gives each of its tasks a place and the body the group`() throws {
        let spec = try CommandSpec(
            "task.chord",
            args: [
                "tasks": [["task": "a"], ["task": "b", "queue": "q2"]], "body": ["task": "c"],
            ],
            newID: { "id\($0)" })

        guard case .group(let group) = spec.action else {
            Issue.record("no group")
            return
        }
        #expect(group.runs.map(\.id) == ["id1", "id2"])
        #expect(group.runs.map(\.queue) == ["celery", "q2"])
        #expect(group.runs.map { $0.place?.index } == [0, 1])
        #expect(group.body?.taskID == "id3")
        #expect(group.runs.allSatisfy { $0.chord?.groupID == "id0" })
        #expect(spec.action.taskIDs == ["id1", "id2"])
    }

    @Test func `workers are named, or all of them, not both`() throws {
        #expect(try parse("worker.restart", ["workers": ["a@h"]]).workers == .named(["a@h"]))
        #expect(try parse("worker.restart", ["all": true]).workers == .all)
        #expect(throws: CommandFault.self) { try parse("worker.restart", [:]) }
        #expect(throws: CommandFault.self) { try parse("worker.restart", ["all": false]) }
        #expect(throws: CommandFault.self) {
            try parse("worker.restart", ["workers": ["a@h"], "all": true])
        }
    }

    /// Commands, and whether viewer, operator, admin, wall and bot may ask for them.
    static let rights: [(String, JsonValue, [Bool])] = [
        ("task.run", ["task": "t"], [false, true, true, false, true]),
        ("task.revoke", ["id": "a"], [false, true, true, false, false]),
        ("task.revoke", ["id": "a", "terminate": false], [false, true, true, false, false]),
        ("task.revoke", ["id": "a", "terminate": true], [false, false, true, false, false]),
        ("queue.purge", ["queue": "q"], [false, false, true, false, false]),
        ("queue.restore", ["trash": "t"], [false, false, true, false, false]),
        ("queue.pause", ["queue": "q"], [false, true, true, false, false]),
        ("queue.resume", ["queue": "q"], [false, true, true, false, false]),
        ("worker.restart", ["all": true], [false, false, true, false, false]),
        ("worker.shutdown", ["all": true], [false, false, true, false, false]),
    ]

    @Test(arguments: rights)
    func `each role may ask for its commands only`(
        name: String, args: JsonValue, allowed: [Bool]
    ) throws {
        let spec = try parse(name, args)

        let roles: [Role] = [.viewer, .operator, .admin, .wall, .bot]
        let verdicts = roles.map { role in
            Authorization.verdict(
                on: spec.act, for: Principal(id: "ada", name: "ada", role: role))
        }
        #expect(verdicts.map { $0 == .everything } == allowed)
    }

    @Test func `what destroys work is told apart`() throws {
        let stamps: JsonValue = ["customer": ["a"]]
        #expect(try parse("queue.purge", ["queue": "q"]).destroying == "queue.purge")
        #expect(try parse("task.revoke", ["id": "a", "terminate": true]).destroying == "terminate")
        #expect(
            try parse("task.revokeStamped", ["stamps": stamps, "terminate": true]).destroying
                == "terminate")
        #expect(try parse("task.revoke", ["id": "a", "terminate": false]).destroying == nil)
        #expect(try parse("task.run", ["task": "t"]).destroying == nil)
    }
}
