internal import WireFormats

/// Task messages that are pushed together.
struct Publication: Sendable {
    /// One message on one list.
    struct Push: Sendable {
        /// The list.
        let key: [UInt8]
        /// The envelope.
        let message: [UInt8]
    }

    /// What Celery must know before the first task of a chord ends: how many there are.
    struct Chord: Sendable {
        /// Id of the group.
        let group: String
        /// Number of its tasks.
        let size: Int
    }

    /// What is pushed, in this order.
    private(set) var pushes: [Push] = []
    /// Events that tell other monitors of the tasks (`task-sent`).
    private(set) var events: [[UInt8]] = []
    /// Where it goes, for people.
    let place: String
    /// Of a chord.
    var chord: Chord?

    /// Encodes tasks.
    ///
    /// - Parameters:
    ///   - runs: the tasks.
    ///   - queues: where tasks for a named exchange go, one copy each.
    ///   - settings: how the broker's keys are called.
    ///   - origin: who sends them.
    ///   - now: unix seconds.
    init(
        _ runs: [RunSpec], queues: [String], settings: CelerySettings, origin: String, now: Double
    ) throws(CommandFault) {
        var places: [String] = []
        do throws(CeleryError) {
            for run in runs {
                var message = Self.message(for: run, origin: origin, now: now)
                let targets = run.exchange == nil ? [run.queue] : queues
                for (index, queue) in targets.enumerated() {
                    // Copies of one message need tags of their own: `unacked` is kept by tag.
                    message.deliveryTag = index == 0 ? run.id : "\(run.id)-\(index)"
                    message.queue = queue
                    pushes.append(
                        Push(
                            key: message.key(
                                prefix: settings.keyPrefix, naming: settings.naming),
                            message: try message.encoded()))
                    let step = message.step(naming: settings.naming)
                    let place =
                        step == 0 ? "queue \(queue)" : "queue \(queue), priority step \(step)"
                    if !places.contains(place) { places.append(place) }
                }
                events.append(
                    try message.encodedSentEvent(
                        hostname: origin, timestamp: now, pid: 0, deliveryTag: "\(run.id)-sent"))
            }
        } catch {
            throw CommandFault(error)
        }
        place = places.joined(separator: "; ")
    }

    private static func message(for run: RunSpec, origin: String, now: Double) -> TaskMessage {
        var message = TaskMessage(task: run.task, id: run.id, deliveryTag: run.id)
        message.args = run.args
        message.kwargs = run.kwargs
        message.exchange = run.exchange
        message.priority = run.priority
        message.eta = text(run.eta, now: now)
        message.expires = text(run.expires, now: now)
        message.softTimeLimit = run.softTimeLimit
        message.timeLimit = run.timeLimit
        message.headers = run.headers
        message.shadow = run.shadow
        message.ignoreResult = run.ignoreResult
        message.callbacks = run.link
        message.errbacks = run.linkError
        message.chain = run.chain
        message.groupID = run.place?.group
        message.groupIndex = run.place?.index
        message.chord = run.chord
        message.rootID = run.id
        message.origin = origin
        return message
    }

    private static func text(_ moment: RunSpec.Moment?, now: Double) -> String? {
        switch moment {
        case .after(let seconds): IsoTime.text(now + seconds)
        case .at(let text): text
        case nil: nil
        }
    }
}
