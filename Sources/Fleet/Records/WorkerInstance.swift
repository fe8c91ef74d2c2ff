/// One process that speaks for a worker name; two are one too many.
package struct WorkerInstance: Sendable, Equatable {
    /// Main process.
    package var pid: Int
    /// Tasks that run, as it says itself.
    package var active: Int?
    /// Tasks accepted since it started.
    package var processed: Int?
    /// When its newest heartbeat arrived, unix seconds.
    package var heartbeat: Double
    /// Starts of the window of the completeness meter: those that were seen, and those that should have
    /// been; `nil` while its task events are off.
    package var seen: Int?
    package var expected: Int?
}

extension WorkerSlot {
    /// The record of one of its processes.
    func instance(_ process: WorkerProcess) -> WorkerInstance {
        let sums = sums(of: process)
        let isMeasured = eventsOn == true
        return WorkerInstance(
            pid: Int(process.pid), active: process.active, processed: process.processed,
            heartbeat: process.heartbeat, seen: isMeasured ? min(sums.seen, sums.expected) : nil,
            expected: isMeasured ? sums.expected : nil)
    }
}
