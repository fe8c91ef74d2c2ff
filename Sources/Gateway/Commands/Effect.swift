internal import EventLoop
internal import Ports
internal import WireFormats

/// What is sent for a command: encoded before anything is recorded, so that a command which cannot be
/// encoded is refused.
enum Effect: Sendable {
    /// Task messages onto lists, all or none.
    case publish(Publication)
    /// Many of them, some at a time.
    case publishMany([Publication])
    /// Revoke many tasks, some at a time.
    case revokeMany([ControlMethod])
    /// Length check and removal of a queue's lists.
    case purge(PurgeSpec)
    /// The lists of a trash, or parts of them, onto those of its queue.
    case restore(RestoreSpec, queue: String)
    /// A look for one waiting message, and what is to be done with it.
    case message(MessageSpec)
    /// A remote control command.
    case broadcast(ControlMethod, destination: [String])
    /// What workers are told about consuming a queue; it is recorded, and asserted again.
    case consumers([ConsumerChange])
    /// Nothing is sent: what is wanted is recorded, and nobody has to be told now; in words.
    case recorded(String)

    /// Encodes what a command sends.
    ///
    /// - Parameters:
    ///   - action: what is to be done; not a `retry`, which becomes a `run` first.
    ///   - workers: who is told to.
    ///   - queues: where a message for a named exchange goes.
    ///   - now: unix seconds.
    init(
        _ action: CommandAction, workers: [String] = [], queues: [String] = [],
        settings: CelerySettings, origin: String, now: Double
    ) throws(CommandFault) {
        switch action {
        case .run(let run):
            self = .publish(
                try Publication(
                    [run], queues: queues, settings: settings, origin: origin, now: now))
        case .group(let group):
            var publication = try Publication(
                group.runs, queues: [], settings: settings, origin: origin, now: now)
            if group.body != nil {
                publication.chord = Publication.Chord(group: group.id, size: group.runs.count)
            }
            self = .publish(publication)
        case .rerun(let rerun):
            var publications: [Publication] = []
            for chunk in rerun.items.map(\.run).chunks(of: BulkLimits.publishedAtOnce) {
                publications.append(
                    try Publication(
                        chunk, queues: [], settings: settings, origin: origin, now: now))
            }
            self = .publishMany(publications)
        case .revoke(let revoke) where revoke.isPlanned:
            let methods = revoke.ids.chunks(of: BulkLimits.revokedAtOnce).map {
                ControlMethod.revoke(
                    taskIDs: $0, terminate: revoke.terminate,
                    signal: revoke.terminate ? revoke.signal : nil)
            }
            for method in methods { try Self.check(method, []) }
            self = .revokeMany(methods)
        case .pause(let pause):
            let change = ConsumerChange(
                method: .cancelConsumer(queue: pause.queue), workers: workers)
            try self.init(workers.isEmpty ? [] : [change], ifNone: "no worker consumes it now")
        case .resume(let queue):
            // As its workers would by default; how they did before is looked up with the plan.
            let consumers = workers.map { PausedConsumer(worker: $0) }
            try self.init(
                ConsumerChange.giving(queue, back: consumers), ifNone: "no worker consumed it")
        case .planned:
            throw CommandFault(.invalid, "args.plan was not looked up")
        case .retry:
            throw CommandFault(.invalid, "args.id does not lead to a task that can be run again")
        case .revoke(let revoke):
            self = .broadcast(
                .revoke(
                    taskIDs: revoke.ids, terminate: revoke.terminate,
                    signal: revoke.terminate ? revoke.signal : nil), destination: [])
        case .revokeStamped(let spec):
            try Self.check(spec.method, [])
            self = .broadcast(spec.method, destination: [])
        case .purge(let purge): self = .purge(purge)
        case .restore(let restore):
            guard let queue = restore.queue else {
                throw CommandFault(.invalid, "args.trash was not looked up")
            }
            self = .restore(restore, queue: queue)
        case .message(let spec): self = .message(spec)
        case .control(let method):
            try Self.check(method, workers)
            self = .broadcast(method, destination: workers)
        }
    }

    /// Encodes what workers are told about consuming a queue.
    ///
    /// - Parameter ifNone: why nobody is told, if there is no change.
    init(_ changes: [ConsumerChange], ifNone: String) throws(CommandFault) {
        for change in changes { try Self.check(change.method, change.workers) }
        self = changes.isEmpty ? .recorded(ifNone) : .consumers(changes)
    }

    /// Refuses what the encoder would refuse, while nothing is recorded yet.
    private static func check(
        _ method: ControlMethod, _ workers: [String]
    ) throws(CommandFault) {
        do throws(CeleryError) {
            _ = try ControlMessage(
                method, destination: workers, reply: nil, deliveryTag: "check"
            ).encoded()
        } catch {
            throw CommandFault(error)
        }
    }
}

extension CommandFault {
    /// An argument that the encoder refuses.
    init(_ error: CeleryError) {
        self.init(error.code == .tooLarge ? .tooLarge : .invalid, "args.\(error.description)")
    }
}

extension Array {
    /// Its elements in order, so many at a time.
    func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
