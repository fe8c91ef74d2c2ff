/// What only few tasks have, kept out of the slots to keep them small.
struct TaskExtra: Sendable {
    var eta: String?
    var expires: String?
    var exchange: String?
    var routingKey: String?
    var groupID: String?
    var signum: String?
    /// Newest traceback and the time of its fact.
    var traceback: String?
    var tracebackTime = -Double.infinity
    /// JSON text of the newest progress.
    var progress: String?
    /// What the result backend says.
    var backend: BackendWord?
    /// Kind and size of a value of the result backend whose state cannot be read.
    var unreadable: String?
    /// Why the task counts as lost, and the process of the pool that ran it.
    var lostEvidence: String?
    /// When its message will be delivered again, our clock; NaN if none is held.
    var redeliverAt = Double.nan
    var poolPID: Int32 = 0
    /// `delivery_info.redelivered` was seen.
    var toldRedelivered = false
    /// Children named by the result backend.
    var toldChildren: [String] = []
    /// Old facts of a task with very many deliveries, folded into numbers.
    var folded = FoldedFacts()

    /// Bytes outside the struct, roughly.
    var bytes: Int {
        var sum = MemoryLayout<TaskExtra>.stride + 32
        for text in [eta, expires, exchange, routingKey, groupID, signum, traceback, progress] {
            sum += TaskSlot.heapBytes(text)
        }
        sum += TaskSlot.heapBytes(lostEvidence) + TaskSlot.heapBytes(backend?.text)
        sum += TaskSlot.heapBytes(unreadable)
        for child in toldChildren { sum += 16 + TaskSlot.heapBytes(child) }
        return sum
    }
}

/// The newest word of the result backend about a task.
struct BackendWord: Sendable {
    var code: StateCode
    /// `date_done`, or NaN.
    var done = Double.nan
    /// When we learned it.
    var learned: Double
    var text: String?
}

/// Attempts that are no longer listed one by one.
struct FoldedFacts: Sendable {
    var counts = FactCounts()
    var deliveries = 0
    /// Facts up to this time (our clock) belong to folded attempts.
    var until = -Double.infinity
}

/// How often each thing happened to a task.
struct FactCounts: Sendable, Equatable {
    var received: UInt16 = 0
    var started: UInt16 = 0
    var succeeded: UInt16 = 0
    var failed: UInt16 = 0
    var retried: UInt16 = 0
    var revoked: UInt16 = 0
    var rejected: UInt16 = 0

    mutating func add(_ other: FactCounts) {
        received = Self.sum(received, other.received)
        started = Self.sum(started, other.started)
        succeeded = Self.sum(succeeded, other.succeeded)
        failed = Self.sum(failed, other.failed)
        retried = Self.sum(retried, other.retried)
        revoked = Self.sum(revoked, other.revoked)
        rejected = Self.sum(rejected, other.rejected)
    }

    /// Attempts that a worker has called ended for good.
    var ends: Int { Int(succeeded) + Int(failed) + Int(revoked) + Int(rejected) }

    mutating func count(end kind: TaskFact.Kind) {
        switch kind {
        case .succeeded: succeeded = Self.sum(succeeded, 1)
        case .failed: failed = Self.sum(failed, 1)
        case .retried: retried = Self.sum(retried, 1)
        case .revoked: revoked = Self.sum(revoked, 1)
        case .rejected: rejected = Self.sum(rejected, 1)
        case .none, .sent, .received, .started, .custom, .cancelled: break
        }
    }

    private static func sum(_ a: UInt16, _ b: UInt16) -> UInt16 {
        let (value, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : value
    }
}
