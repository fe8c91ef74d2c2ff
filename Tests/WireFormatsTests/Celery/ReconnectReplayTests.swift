import Fleet
import Testing
import WireFormats

/// Real workers whose connections were killed, as captured: they say goodbye and come back.
struct ReconnectReplayTests {
    private struct Step {
        var time: Double
        var event: CeleryEvent
    }

    private func heartbeat(_ host: String, at time: Double, _ kind: WorkerEvent.Kind) -> CeleryEvent
    {
        var event = WorkerEvent(
            kind, origin: EventOrigin(hostname: host, timestamp: time, pid: 10, clock: 1))
        event.freq = 2
        event.active = 0
        event.processed = 0
        return .worker(event)
    }

    /// What was captured after a kill at `start`.
    private func steps(_ rows: JsonValue, start: Double) throws -> [Step] {
        try #require(rows.array).compactMap { row in
            guard let parts = row.array, parts.count == 6, let after = parts[0].double,
                let type = parts[2].string, let host = parts[3].string
            else { return nil }
            let time = start + after
            switch type {
            case "worker-offline":
                return Step(time: time, event: heartbeat(host, at: time, .offline))
            case "worker-online": return Step(time: time, event: heartbeat(host, at: time, .online))
            default: return nil
            }
        }
    }

    @Test func `no captured reconnect makes a worker offline`() throws {
        let samples = try #require(CelerySamples.load("reconnect_events").object)
        #expect(samples.count == 3)
        for sample in samples {
            var state = FleetState(startedAt: 0)
            var goodbyes = 0
            var steps = try steps(sample.value, start: 20)
            for host in ["worker1@host", "worker2@host"] {
                for beat in 0...20 {
                    // They are silent while they have no connection.
                    let time = Double(beat) * 2
                    if (20...22).contains(time) { continue }
                    steps.append(Step(time: time, event: heartbeat(host, at: time, .heartbeat)))
                }
            }
            steps.sort { $0.time < $1.time }
            var states: Set<WorkerHealth> = []
            var now = 0.0
            for step in steps {
                while now < step.time {
                    state.advance(now: now)
                    now += 0.5
                    states.formUnion(state.workerNames.compactMap { state.worker($0)?.health })
                }
                if case .worker(let event) = step.event, event.kind == .offline { goodbyes += 1 }
                state.apply(step.event, receivedAt: step.time)
                states.formUnion(state.workerNames.compactMap { state.worker($0)?.health })
            }

            #expect(goodbyes == 2, "\(sample.name)")
            #expect(!states.contains(.offline), "\(sample.name): \(states)")
            #expect(state.workerNames.allSatisfy { state.worker($0)?.health == .online })
        }
    }

    /// `pubsub_killed`: nobody answered the ping after 0.5 s, one after 1.5 s, both after 2.1 s; silence
    /// to one question is no end.
    @Test func `no captured silence makes a worker unreachable`() throws {
        let rows = try #require(CelerySamples.load("pubsub_killed").array).compactMap {
            row -> (Double, [String])? in
            guard let parts = row.array, parts.count == 3, let time = parts[0].double,
                let names = parts[2].array
            else { return nil }
            return (time, names.compactMap(\.string))
        }
        #expect(rows.map(\.1.count) == [0, 0, 2])
        var state = FleetState(startedAt: 0)
        let hosts = ["worker1@host", "worker2@host"]
        for host in hosts { state.apply(heartbeat(host, at: 0, .heartbeat), receivedAt: 0) }
        // As often as we ask: once for a kill, not three times within two seconds.
        for (time, answered) in [rows[0], rows[2]] {
            state.noteSilence(of: hosts.filter { !answered.contains($0) }, now: time)
            for host in answered { state.apply(.pong, from: host, receivedAt: time) }
            for host in hosts {
                state.apply(heartbeat(host, at: time, .heartbeat), receivedAt: time)
                #expect(state.worker(host)?.health == .online)
            }
        }
    }
}
