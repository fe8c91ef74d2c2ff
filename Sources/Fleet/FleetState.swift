/// What is known about a Celery fleet: a pure value, fed with events, answers and time.
///
/// `now` and `receivedAt` are unix seconds of the gateway's clock; the state has no clock of its
/// own. Nothing here throws: the broker is not trusted, so whatever arrives is bounded, merged or
/// counted as refused.
package struct FleetState: Sendable {
    /// The bounds it keeps.
    package let limits: FleetLimits

    /// Makes an empty state; `startedAt` is where rates begin.
    package init(limits: FleetLimits = FleetLimits(), startedAt: Double) {
        self.limits = limits
    }

    // MARK: What is told to it

    /// Merges one event.
    package mutating func apply(_ event: CeleryEvent, receivedAt: Double) {}

    /// Merges a batch that arrived together.
    package mutating func apply(_ events: [CeleryEvent], receivedAt: Double) {}

    /// Merges one worker's answer to a question.
    package mutating func apply(_ reply: InspectReply, from worker: String, receivedAt: Double) {}

    /// Notes that these workers were asked and did not answer in time.
    package mutating func noteSilence(of workers: [String], now: Double) {}

    /// Merges readings of queue keys. Queues that are not named keep their last reading.
    package mutating func apply(depths: [QueueDepth], now: Double) {}

    /// Learns of queues from the broker's binding tables.
    package mutating func apply(bindings: [QueueBinding], now: Double) {}

    /// Merges results of the backend, read or heard.
    package mutating func apply(results: [TaskResult], now: Double) {}

    /// Sets which queues are meant to be paused (wish of the operators).
    package mutating func setPaused(queues: Set<String>, now: Double) {}

    /// Lets time pass: health, time-outs, rates, ghosts, evictions. Call it about once a second.
    package mutating func advance(now: Double) {}

    /// Notes that events may be lost from `from` on: all that is open becomes stale.
    ///
    /// - Returns: the gap's number.
    @discardableResult
    package mutating func openGap(from: Double, reason: String, now: Double) -> Int { 0 }

    /// Notes that events flow again; `lost` is the number of messages lost, if known.
    package mutating func closeGap(_ id: Int, at: Double, lost: Int?) {}

    /// Ends a round of questions: what is still open and unknown to everybody becomes LOST, what
    /// is confirmed is no longer stale, closed gaps count as reconciled.
    package mutating func reconcile(_ round: Reconciliation, now: Double) {}

    // MARK: What can be read

    /// Changes since the last call, each thing at most once.
    package mutating func takeChanges() -> FleetChanges { FleetChanges() }

    /// The record of a task, or `nil`.
    package func task(_ id: String) -> TaskRecord? { nil }

    /// The record behind a reference from `takeChanges`, or `nil` if it is gone.
    package func task(_ ref: TaskRef) -> TaskRecord? { nil }

    /// Calls `body` with each kept task until it returns `false`, newest first seen first.
    package func forEachTask(_ body: (TaskRecord) -> Bool) {}

    /// Ids of open tasks (not finished), the longest open first: the ones to ask results for.
    package func openTasks(limit: Int) -> [String] { [] }

    /// Records kept.
    package var taskCount: Int { 0 }

    /// The record of a worker name.
    package func worker(_ name: String) -> WorkerRecord? { nil }

    /// Names of all workers, sorted.
    package var workerNames: [String] { [] }

    /// Workers that were taken off the list, newest last.
    package var traces: [WorkerTrace] { [] }

    /// The record of a queue.
    package func queue(_ name: String) -> QueueRecord? { nil }

    /// Names of all queues, sorted.
    package var queueNames: [String] { [] }

    /// The figures of the fleet.
    package func summary(now: Double) -> FleetSummary { FleetSummary() }

    /// Records kept now, by state; states without a record are left out.
    package var stateCounts: [StateCount] { [] }

    /// SUCCESS, FAILURE, RETRY, REVOKED, REJECTED, RECEIVED, STARTED seen since the start.
    package var totals: [StateCount] { [] }

    /// Figures of a task name, or of `*other*`.
    package func nameStatistics(_ name: String) -> NameStatistics? { nil }

    /// All names with figures.
    package var names: [String] { [] }

    /// Gaps, oldest first.
    package var gaps: [Gap] { [] }

    /// What somebody should look at, decided from the fleet's facts alone.
    package func findings(now: Double) -> [Finding] { [] }
}
