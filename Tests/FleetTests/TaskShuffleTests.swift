import Fleet
import Testing

/// Every order and every repetition of the same events ends in the same record (F17).
@Suite struct TaskShuffleTests {
    /// One task's whole story, in the order in which the workers lived it.
    static func story(_ random: inout Seeded) -> [CeleryEvent] {
        var events: [CeleryEvent] = []
        var time = 1_000.0
        var steps = Seeded(random.next())
        func tick() -> Double {
            time += Double.random(in: 0.001...3, using: &steps)
            return time
        }
        let hosts = ["w1@host", "w2@host", "w3@host"]
        if Bool.random(using: &random) {
            events.append(Make.task(.sent, at: tick(), on: "gen1@client"))
        }
        let retries = Int.random(in: 0...3, using: &random)
        for attempt in 0...retries {
            let host = hosts.randomElement(using: &random) ?? hosts[0]
            let deliveries = Int.random(in: 0...9, using: &random) == 0 ? 2 : 1
            for delivery in 0..<deliveries {
                let received = Make.task(.received, at: tick(), on: host) {
                    $0.retries = attempt
                    $0.args = "(\(attempt),)"
                    $0.eta = attempt > 0 ? "2030-01-0\(attempt)T00:00:00+00:00" : nil
                }
                events.append(received)
                events.append(Make.task(.started, at: tick(), on: host))
                if Bool.random(using: &random) {
                    for step in 0..<3 {
                        events.append(
                            Make.task(.custom("progress"), at: tick(), on: host, pid: 99) {
                                $0.extra = "{\"step\": \(step)}"
                            })
                    }
                }
                if delivery + 1 < deliveries {
                    events.append(Make.task(.rejected, at: tick(), on: host) { $0.requeue = true })
                } else if attempt < retries {
                    events.append(Make.task(.retried, at: tick(), on: host))
                }
            }
            if attempt == retries { events += ending(host, tick, &random) }
        }
        return events
    }

    private static func ending(
        _ host: String, _ tick: () -> Double, _ random: inout Seeded
    ) -> [CeleryEvent] {
        switch Int.random(in: 0...5, using: &random) {
        case 0: return []
        case 1:
            // A hard time limit fails twice.
            return [
                Make.task(.failed, at: tick(), on: host), Make.task(.failed, at: tick(), on: host),
            ]
        case 2:
            // gevent succeeds after a terminate.
            return [
                Make.task(.revoked, at: tick(), on: host) { $0.terminated = true },
                Make.task(.succeeded, at: tick(), on: host),
            ]
        case 3:
            return [
                Make.task(.failed, at: tick(), on: host),
                Make.task(.rejected, at: tick(), on: host) { $0.requeue = false },
            ]
        default: return [Make.task(.succeeded, at: tick(), on: host)]
        }
    }

    private static func record(_ events: [CeleryEvent]) throws -> (TaskRecord, [StateCount]) {
        var state = FleetState(startedAt: 0)
        state.apply(events, receivedAt: 1_000)
        let record = try #require(state.task("u1"))
        #expect(recountDifferences(state).isEmpty)
        return (record, state.totals)
    }

    @Test func `a hundred thousand shuffles with repetitions end in the same record`() throws {
        var random = Seeded(20_261_123)
        var shuffles = 0
        while shuffles < 100_000 {
            let story = Self.story(&random)
            let expected = try Self.record(story)
            for _ in 0..<100 {
                var shuffled = story
                for event in story where Int.random(in: 0...2, using: &random) == 0 {
                    shuffled.append(event)
                }
                shuffled.shuffle(using: &random)
                var state = FleetState(startedAt: 0)
                state.apply(shuffled, receivedAt: 1_000)
                let record = try #require(state.task("u1"))
                try #require(record == expected.0, "after \(shuffles) shuffles")
                try #require(state.totals == expected.1)
                shuffles += 1
            }
        }
        #expect(shuffles == 100_000)
    }

    @Test func `one attempt ends in the same record in every order there is`() throws {
        let events = [
            Make.task(.sent, at: 1, on: "gen1@client"), Make.task(.received, at: 2),
            Make.task(.started, at: 3),
            Make.task(.custom("progress"), at: 4, pid: 99) { $0.extra = "{\"a\": 1}" },
            Make.task(.succeeded, at: 5),
        ]
        let expected = try Self.record(events)

        var orders = 0
        func permute(_ rest: [CeleryEvent], _ done: [CeleryEvent]) throws {
            guard !rest.isEmpty else {
                orders += 1
                let (record, totals) = try Self.record(done)
                #expect(record == expected.0)
                #expect(totals == expected.1)
                return
            }
            for index in rest.indices {
                var left = rest
                let next = left.remove(at: index)
                try permute(left, done + [next])
            }
        }
        try permute(events, [])

        #expect(orders == 120)
        #expect(expected.0.state == .success)
        #expect(expected.0.wait == 1)
    }

    @Test func `the order of the events of many tasks does not change the counters`() throws {
        var random = Seeded(7)
        var events: [CeleryEvent] = []
        for number in 0..<300 {
            for event in Self.story(&random) {
                guard case .task(var task) = event else { continue }
                task.uuid = "u\(number)"
                events.append(.task(task))
            }
        }
        var ordered = FleetState(startedAt: 0)
        ordered.apply(events, receivedAt: 1_000)

        for _ in 0..<10 {
            events.shuffle(using: &random)
            var state = FleetState(startedAt: 0)
            state.apply(events, receivedAt: 1_000)
            #expect(state.totals == ordered.totals)
            #expect(
                Set(state.stateCounts.map { "\($0)" }) == Set(ordered.stateCounts.map { "\($0)" }))
            #expect(recountDifferences(state).isEmpty)
            let figures = try #require(state.nameStatistics("t.add"))
            let expected = try #require(ordered.nameStatistics("t.add"))
            #expect(figures.count == 300)
            #expect(figures.active == expected.active)
            #expect(figures.succeeded == expected.succeeded)
            #expect(figures.failed == expected.failed)
            #expect(figures.retried == expected.retried)
        }
    }
}
