import Fleet
import Testing

/// Nothing that a broker can send makes the state grow without end.
@Suite struct FleetLimitsTests {
    private func state(_ change: (inout FleetLimits) -> Void) -> FleetState {
        var limits = FleetLimits()
        change(&limits)
        return FleetState(limits: limits, startedAt: 0)
    }

    @Test func `finished tasks leave first, oldest first, then open ones`() {
        var state = state { $0.tasks = 10 }
        for number in 0..<5 {
            state.feed([Make.task(.received, "open\(number)", at: Double(number))])
        }
        for number in 0..<5 {
            state.feed([Make.task(.succeeded, "done\(number)", at: 10 + Double(number))])
        }
        #expect(state.taskCount == 10)
        #expect(state.takeChanges().tasks.count == 10)

        state.feed([Make.task(.received, "new", at: 20)])
        #expect(state.taskCount == 10)
        #expect(state.task("done0") == nil)
        #expect(state.task("done1") != nil)
        #expect(state.takeChanges().removedTasks == ["done0"])

        for number in 0..<5 { state.feed([Make.task(.received, "more\(number)", at: 30)]) }
        #expect(state.task("open0") == nil)
        #expect(state.summary(now: 30).evictedFinished == 5)
        #expect(state.summary(now: 30).evictedOpen == 1)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `an event is not told to be about the task that took the place of its own`() {
        var state = state { $0.tasks = 1 }
        var events = ["a", "b", "c"].map { id in
            Make.task(.received, id, at: 1) { $0.name = "name of \(id)" }
        }

        let batch = state.apply(&events, receivedAt: 1)

        // The third task stands where the first one stood.
        #expect(state.taskCount == 1)
        #expect(batch.routes.map(\.name) == [nil, nil, "name of c"])
    }

    @Test func `bytes are bounded, too`() {
        var state = state { $0.taskBytes = 100_000 }
        let text = String(repeating: "x", count: 1_000)
        for number in 0..<1_000 {
            state.feed([
                Make.task(.received, "u\(number)", at: Double(number)) { $0.args = text },
                Make.task(.failed, "u\(number)", at: Double(number)) { $0.traceback = text },
            ])
            #expect(state.summary(now: 0).taskBytes <= 100_000)
        }

        #expect(state.taskCount > 20)
        #expect(state.task("u999") != nil)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `texts are cut at their bounds and not before`() throws {
        var state = state {
            $0.textBytes = 100
            $0.tracebackBytes = 200
            $0.nameBytes = 20
        }
        func text(_ count: Int) -> String { String(repeating: "é", count: count / 2) }
        state.feed([
            Make.task(.received, "fits", at: 1) {
                $0.args = text(100)
                $0.name = text(20)
            },
            Make.task(.failed, "fits", at: 2) { $0.traceback = text(200) },
            Make.task(.received, "long", at: 1) {
                $0.args = text(100) + "!"
                $0.name = text(20) + "!"
            },
            Make.task(.failed, "long", at: 2) { $0.traceback = text(200) + "!" },
        ])

        let fits = try #require(state.task("fits"))
        let long = try #require(state.task("long"))
        #expect(fits.args == text(100))
        #expect(fits.name == text(20))
        #expect(fits.traceback == text(200))
        #expect(long.args == text(100) + "…")
        #expect(long.name == text(20) + "…")
        #expect(long.traceback == text(200) + "…")
    }

    @Test func `long ids stay different after the cut`() {
        var state = state { $0.idBytes = 50 }
        let long = String(repeating: "a", count: 10_000_000)
        state.feed([
            Make.task(.received, long + "1", at: 1), Make.task(.received, long + "2", at: 1),
            Make.task(.received, "__proto__", at: 1), Make.task(.received, "\u{0}", at: 1),
        ])

        #expect(state.taskCount == 4)
        #expect(state.task(long + "1") != nil)
        #expect(state.task(long + "1")?.id != state.task(long + "2")?.id)
        #expect(state.task(long + "1").map { $0.id.utf8.count <= 64 } == true)
    }

    @Test func `workers beyond the bound are counted, not kept`() {
        var state = state { $0.workers = 10 }
        for number in 0..<11 {
            state.apply(Make.worker(.online, at: 1, on: "w\(number)@h"), receivedAt: 1)
            #expect(state.workerNames.count == min(number + 1, 10))
        }
        #expect(state.summary(now: 1).refused == 1)

        // Its tasks are kept all the same.
        state.feed([Make.task(.started, at: 2, on: "w10@h")])
        #expect(state.task("u1")?.worker == "w10@h")
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `queues beyond the bound are counted, not kept`() {
        var state = state { $0.queues = 10 }
        for number in 0..<11 {
            state.apply(depths: [QueueDepth(name: "q\(number)", steps: [1])], now: 1)
            #expect(state.queueNames.count == min(number + 1, 10))
        }

        #expect(state.summary(now: 1).refused == 1)
        #expect(state.summary(now: 1).queueDepth == 10)
    }

    @Test func `how tasks of a name ended lately is forgotten after five minutes`() throws {
        var state = state { _ in }
        state.feed([
            Make.task(.received, "a", at: 1_000) { $0.name = "n" },
            Make.task(.failed, "a", at: 1_000),
            Make.task(.received, "b", at: 1_020) { $0.name = "n" },
            Make.task(.succeeded, "b", at: 1_020),
        ])
        func lately() -> [Int?] {
            let figures = state.nameStatistics("n")
            return [figures?.failedLately, figures?.succeededLately, figures?.failed]
        }
        #expect(lately() == [1, 1, 1])
        _ = state.takeChanges()
        state.advance(now: 1_289)
        #expect(lately() == [1, 1, 1])
        #expect(state.takeChanges().names.isEmpty)

        state.advance(now: 1_290)
        #expect(lately() == [0, 1, 1])
        #expect(state.takeChanges().names == ["n"])
        state.advance(now: 1_320)
        #expect(lately() == [0, 0, 1])
        state.feed([
            Make.task(.received, "c", at: 1_321) { $0.name = "n" },
            Make.task(.failed, "c", at: 1_321),
        ])
        state.advance(now: 1_300)
        #expect(lately() == [1, 0, 2])
    }

    @Test func `names beyond the bound share one place, and quiet ones make room`() throws {
        var state = state {
            $0.names = 3
            $0.tasks = 4
        }
        for number in 0..<5 {
            state.feed([
                Make.task(.received, "u\(number)", at: 1) { $0.name = "n\(number)" },
                Make.task(.succeeded, "u\(number)", at: 2),
            ])
        }
        #expect(state.names == ["*other*", "n0", "n1", "n2"])
        #expect(state.nameStatistics("*other*")?.count == 2)
        #expect(state.nameStatistics("*other*")?.succeeded == 2)
        #expect(state.task("u4")?.name == "n4")
        #expect(state.nameStatistics("n4") == nil)
        _ = state.takeChanges()

        for number in 10..<14 {
            state.feed([Make.task(.succeeded, "u\(number)", at: 700)])
        }
        state.advance(now: 1_000)
        #expect(state.names == ["*other*"])
        #expect(state.nameStatistics("*other*")?.succeeded == 5)
        #expect(state.takeChanges().removedNames.sorted() == ["n0", "n1", "n2"])
        state.feed([Make.task(.received, "fresh", at: 1_001) { $0.name = "fresh" }])
        #expect(state.nameStatistics("fresh")?.count == 1)
    }

    @Test func `custom states beyond the bound share one name`() {
        var state = state { $0.customStates = 2 }
        for number in 0..<4 {
            state.feed([Make.task(.custom("s\(number)"), "u\(number)", at: 1)])
        }

        #expect(state.task("u1")?.state == .custom("S1"))
        #expect(state.task("u2")?.state == .custom("CUSTOM"))
        #expect(state.stateCounts.map(\.count).sorted() == [1, 1, 2])
    }

    @Test func `a hundred thousand names, hosts, queues and parents stay within the bounds`() {
        var state = state { $0.tasks = 1_000 }
        for number in 0..<100_000 {
            let time = 1_000 + Double(number) / 1_000
            state.apply(
                Make.task(.received, "u\(number)", at: time, on: "w\(number)@h") {
                    $0.name = "n\(number)"
                    $0.parentID = "p\(number)"
                }, receivedAt: time)
            if number % 8 == 0 {
                state.apply(
                    Make.task(.sent, "u\(number)", at: time, on: "g\(number)@c") {
                        $0.queue = "q\(number)"
                    }, receivedAt: time)
            }
        }
        state.advance(now: 1_200)

        #expect(state.taskCount == 1_000)
        #expect(state.workerNames.count == 5_000)
        #expect(state.queueNames.count == 2_000)
        #expect(state.names.count == 201)
        #expect(state.summary(now: 1_200).taskBytes < 2_000_000)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `changes do not pile up while nobody takes them`() {
        var state = state { $0.tasks = 100 }
        for number in 0..<10_000 {
            state.feed([Make.task(.received, "u\(number)", at: 1)])
        }
        let changes = state.takeChanges()

        #expect(changes.tasks.count == 100)
        #expect(changes.removedTasks.isEmpty)
        #expect(state.takeChanges().isEmpty)
    }
}
