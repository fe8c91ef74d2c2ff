/// How complete the events of one worker process are.
package struct ProcessCompleteness: Sendable, Equatable {
    /// Node name.
    package var worker: String
    /// Main process.
    package var pid: Int
    /// Starts that were seen, and starts that should have been, in the window of the meter.
    package var seen: Int
    package var expected: Int

    /// 0..1.
    package var share: Double { expected > 0 ? Double(seen) / Double(expected) : 1 }
}

extension FleetState {
    /// Processes whose events are measured and that started tasks within the window: at most `limit`,
    /// the least complete first.
    package func measuredProcesses(limit: Int) -> [ProcessCompleteness] {
        var all: [ProcessCompleteness] = []
        for place in workers.places {
            for process in workers[place].processes {
                let instance = workers[place].instance(process)
                guard let seen = instance.seen, let expected = instance.expected, expected > 0
                else { continue }
                all.append(
                    ProcessCompleteness(
                        worker: workers[place].name, pid: instance.pid, seen: seen,
                        expected: expected))
            }
        }
        guard all.count > limit else { return all }
        all.sort { ($0.share, $0.worker, $0.pid) < ($1.share, $1.worker, $1.pid) }
        return Array(all.prefix(limit))
    }
}
