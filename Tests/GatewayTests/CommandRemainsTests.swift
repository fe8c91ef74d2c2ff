import Fleet
import Testing
import WireFormats

@testable import Gateway

/// What is kept of a command for workers comes back whole, and a tracker goes on from it.
@Suite struct CommandRemainsTests {
    private func remains(_ workers: [String] = ["a@h", "b@h", "c@h"]) -> CommandRemains {
        CommandRemains(
            arguments: ["task": "math.add", "limit": "9/s", "workers": ["a@h"]], workers: workers)
    }

    @Test func `it comes back as it was kept`() throws {
        var remains = remains()
        remains.proven = ["b@h"]
        remains.refusals = ["c@h": "no \"such\" task"]
        var stats = WorkerStats()
        stats.pool = "prefork"
        stats.concurrency = 2
        stats.processes = [7, 8]
        remains.before = ["a@h": stats, "c@h": WorkerStats()]

        let kept = try #require(remains.text)

        #expect(CommandRemains(kept) == remains)
        #expect(remains.arguments == ["task": "math.add", "limit": "9/s"])
    }

    @Test(arguments: ["", "[]", "{}", #"{"workers": ["a"]}"#, #"{"arguments": 1, "workers": []}"#])
    func `what is none is not read`(text: String) {
        #expect(CommandRemains(text) == nil)
    }

    @Test(arguments: [(0, true), (1, false)])
    func `so much is kept and not more`(more: Int, isKept: Bool) throws {
        let rest = CommandLimits.remainsBytes - (try #require(remains([""]).text)).utf8.count
        let remains = remains([String(repeating: "w", count: rest + more)])

        #expect((remains.text != nil) == isKept)
    }

    @Test(arguments: [
        ("worker.rateLimit", #"{"task": "math.add", "limit": "9/s"}"#), ("worker.ping", "{}"),
        ("worker.shutdown", "{}"), ("task.query", #"{"ids": ["t"]}"#),
        ("queue.pause", #"{"queue": "mail", "seconds": 60}"#),
        ("queue.resume", #"{"queue": "mail"}"#),
        ("task.revokeStamped", #"{"stamps": {"customer": ["7"]}}"#),
    ])
    func `what was asked for is read again`(command: String, arguments: String) throws {
        let arguments = try JsonReader.parse(Array(arguments.utf8), limits: .client)
        let spec = CommandRemains(arguments: arguments, workers: ["a@h"]).spec(of: command)

        #expect(spec?.name == command)
    }

    @Test func `what can no longer be asked for is not read`() {
        #expect(remains().spec(of: "worker.nonsense") == nil)
        #expect(remains().spec(of: "worker.autoscale") == nil)
    }

    // MARK: - Going on

    private func tracker(_ remains: CommandRemains) throws -> CommandTracker {
        let spec = try #require(remains.spec(of: "worker.rateLimit"))
        return CommandTracker(
            resuming: spec, remains, evidence: ["b@h: seen"], reason: "restarted",
            silent: ["a@h", "gone@h"])
    }

    @Test func `the rest of the proof confirms it`() throws {
        var remains = remains(["a@h", "b@h"])
        remains.proven = ["b@h"]
        var tracker = try tracker(remains)
        #expect(tracker.state == .unknown && tracker.silent == ["a@h"] && tracker.open == ["a@h"])

        _ = tracker.learn(.effect(worker: "a@h", text: "registered shows rate limit 9/s"))

        #expect(tracker.state == .confirmed && tracker.reason == nil)
        #expect(tracker.evidence == ["b@h: seen", "a@h: registered shows rate limit 9/s"])
    }

    @Test func `a refusal from before the restart still counts`() throws {
        var remains = remains()
        remains.proven = ["b@h"]
        remains.refusals = ["c@h": "no such task"]
        var tracker = try tracker(remains)

        _ = tracker.learn(.effect(worker: "a@h", text: "seen"))

        #expect(tracker.state == .partial && tracker.reason == "2 of 3 done")
    }

    @Test func `what was never sent has failed`() throws {
        var tracker = try tracker(remains())

        _ = tracker.learn(.notSent(CommandWords.neverSent))

        #expect(tracker.state == .failed && tracker.reason == CommandWords.neverSent)
    }

    @Test func `without proof it stays unknown`() throws {
        var tracker = try tracker(remains())

        _ = tracker.learn(.noted(CommandWords.handedOver))
        _ = tracker.learn(.deadline(hint: nil))

        #expect(tracker.state == .unknown && tracker.reason == "restarted")
    }

    // MARK: - Confirmed revokes

    private func watching(flagged: Set<String>) throws -> CommandTracker {
        let spec = try CommandSpec("task.revoke", args: ["ids": ["t1", "t2"]], newID: { _ in "t" })
        return CommandTracker(
            watching: spec, flagged: flagged, evidence: ["task t1: no worker has it"], count: 2)
    }

    @Test func `a confirmed revoke is put right after a restart if its task runs`() throws {
        var tracker = try watching(flagged: ["t1", "t2"])
        #expect(tracker.state == .confirmed)

        _ = tracker.learn(.task(id: "t1", state: "STARTED", worker: "new@h"))
        #expect(tracker.state == .unknown)
        #expect(tracker.reason == "a task has started after all: t1 on new@h")
        _ = tracker.learn(.recorded(id: "t1", state: "SUCCESS"))

        #expect(tracker.state == .partial && tracker.reason == "1 of 2 done")
    }

    @Test func `what a worker has told of its end is not taken back by a failure`() throws {
        var tracker = try watching(flagged: ["t2"])

        _ = tracker.learn(.recorded(id: "t1", state: "FAILURE"))
        #expect(tracker.state == .confirmed)
        _ = tracker.learn(.recorded(id: "t2", state: "FAILURE"))

        #expect(tracker.state == .partial)
    }
}
