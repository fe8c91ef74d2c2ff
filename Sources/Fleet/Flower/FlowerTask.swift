/// A task as `celery.events.state.Task` holds it, field by field.
package struct FlowerTask: Sendable, Equatable {
    package var uuid: String
    var code = FlowerState.Code.pending
    /// The state's name where `code` is `other`.
    var otherState: String?
    /// The state as Celery names it.
    package var state: String { otherState ?? code.name }
    package var name: String?
    package var sent: Double?
    package var received: Double?
    package var started: Double?
    package var succeeded: Double?
    package var failed: Double?
    package var retried: Double?
    package var revoked: Double?
    package var rejected: Double?
    package var args: String?
    package var kwargs: String?
    package var eta: String?
    package var expires: String?
    package var retries: Int?
    package var result: String?
    package var exception: String?
    package var traceback: String?
    package var timestamp: Double?
    package var runtime: Double?
    package var queue: String?
    package var exchange: String?
    package var routingKey: String?
    package var rootID: String?
    package var parentID: String?
    package var clock: Int64 = 0
    /// Node name of the newest event, of the newest task-sent, and of the newest other event.
    package var hostname: String?
    package var client: String?
    package var worker: String?
    /// Fields of the newest event that have no attribute of their own in Celery.
    package var type: String?
    package var pid: Int?
    package var utcOffset: Double?
    package var localReceived: Double?
    package var terminated: Bool?
    package var signum: String?
    package var expired: Bool?
    package var requeue: Bool?
    /// Fields of custom events: name → JSON text.
    package var custom: [String: String] = [:]
    /// Ids of known children.
    package var children: Set<String> = []
    /// Tasks among whose children it is, or will be once they are known: a retried task names
    /// itself as its parent, but stays the child of its first one, too.
    var parents: Set<String> = []

    init(uuid: String) {
        self.uuid = uuid
    }
}

/// A worker as `celery.events.state.Worker` holds it.
package struct FlowerWorker: Sendable, Equatable {
    package var hostname: String
    package var pid: Int?
    package var freq = 60.0
    /// The newest four, and how many they are.
    private var beats = SIMD4<Double>.zero
    private var beatCount = 0
    package var clock: Int64 = 0
    package var active: Int?
    package var processed: Int?
    package var loadavg: [Double]?
    package var software: String?
    package var version: String?
    package var platform: String?

    init(hostname: String) {
        self.hostname = hostname
    }

    /// The newest four signs of life, in their order.
    package var heartbeats: [Double] { (0..<beatCount).map { beats[$0] } }

    /// Whether Flower shows it online.
    package func isAlive(now: Double) -> Bool {
        beatCount > 0 && now < beats[beatCount - 1] + freq * 2
    }

    /// Stores a sign of life; zero times are ignored, as Celery does.
    mutating func beat(_ heard: Double, timestamp: Double) {
        guard heard != 0, timestamp != 0 else { return }
        if beatCount > 3, heard >= beats[3] {
            // Mostly: the oldest leaves, and the newest is the last.
            beats = SIMD4(beats[1], beats[2], beats[3], heard)
            return
        }
        if beatCount > 3 {
            beats = SIMD4(beats[1], beats[2], beats[3], 0)
            beatCount = 3
        }
        var place = beatCount
        while place > 0, beats[place - 1] > heard {
            beats[place] = beats[place - 1]
            place -= 1
        }
        beats[place] = heard
        beatCount += 1
    }

    /// It said goodbye.
    mutating func forgetBeats() {
        beats = .zero
        beatCount = 0
    }
}
