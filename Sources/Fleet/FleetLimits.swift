/// Every bound of the fleet state: what a hostile or broken broker can make us keep.
///
/// Counts are records, `…Bytes` are UTF-8 bytes, `…Seconds` are seconds of gateway time.
package struct FleetLimits: Sendable, Equatable {
    /// Task records kept. Finished ones leave first, oldest first; then the oldest open ones.
    package var tasks = 100_000
    /// Sum of the sizes of all kept task records (`TaskTable.bytes`), the same order of leaving.
    package var taskBytes = 256 << 20
    /// Events kept for one task that was retried or delivered again; older attempts are folded.
    package var factsPerTask = 64
    /// Children listed for one task.
    package var childrenListed = 1_000
    /// Worker names known at a time. New ones beyond it are counted, not kept.
    package var workers = 5_000
    /// Processes told apart behind one worker name.
    package var processesPerWorker = 4
    /// Answers to one question that are counted for one worker name.
    package var voicesPerWorker = 64
    /// Registered tasks, rate limits, settings and pool processes kept for one worker.
    package var namesPerWorker = 1_000
    /// Messages followed to their redelivery: those held longest, which come first. So those beyond come
    /// later than all of these; what is spared is looking into each of them (`HGET`) every few seconds.
    package var heldMessages = 200
    /// A task that was delivered again so often is found.
    package var stormDeliveries = 20
    /// The broker's `visibility_timeout`, seconds, as long as no worker tells its own.
    package var visibilityTimeout = 3_600.0
    /// The broker's `priority_steps`: what the lengths of a queue's lists stand for.
    package var prioritySteps = [0, 3, 6, 9]
    /// Queues known at a time. New ones beyond it are counted, not kept.
    package var queues = 2_000
    /// Task names with figures of their own; the others share `*other*`.
    package var names = 200
    /// Pairs of queue and task name whose records are counted by state; the others share `*other*`.
    package var loads = 1_000
    /// Custom states (`PROGRESS` …) told apart; the others share `CUSTOM`.
    package var customStates = 32
    /// Task id, parent and root id.
    package var idBytes = 255
    /// Task, worker, queue, exchange and routing key names.
    package var nameBytes = 255
    /// `args`, `kwargs`, result, exception and progress text. Celery cuts at 1,024 characters.
    package var textBytes = 4_096
    /// Traceback text.
    package var tracebackBytes = 16_384
    /// Gaps remembered.
    package var gaps = 100
    /// Traces of workers that left.
    package var traces = 200
    /// Revoked ids taken from one worker's answer.
    package var revokedIDs = 50_000
    /// A worker that said goodbye, or gives no sign of life, leaves the list after this time.
    package var ghostSeconds = 600.0
    /// A queue without consumers, binding and messages leaves the list after this time.
    package var idleQueueSeconds = 3_600.0
    /// A worker without a sign of life for this long does not count as a consumer of a paused queue.
    package var silentSeconds = 30.0
    /// A paused queue that is consumed this long is found: longer than telling its workers takes.
    package var driftSeconds = 10.0
    /// `processed` stands still this long while messages wait and slots are free: wedged.
    package var wedgedSeconds = 60.0
    /// Clock differences below this are taken for network delay.
    package var skewSeconds = 2.0
    /// A timestamp further from our clock than this is nonsense; the time of arrival is used.
    package var absurdSeconds = 366.0 * 86_400
    /// Window of the completeness meter.
    package var completenessSeconds = 300.0
    /// Records that `FlowerState` keeps; 0 switches it off (Celery's own default is 10,000).
    package var flowerTasks = 0
    /// Workers that `FlowerState` keeps.
    package var flowerWorkers = 5_000

    /// The defaults.
    package init() {}
}
