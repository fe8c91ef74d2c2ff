internal import EventLoop
internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

/// Keeps the revocations whose tasks have not ended, and tells workers that appear of them: Celery
/// remembers a revocation only in the memory of the workers that heard it, for three hours.
@LoopActor
final class RevokeDesk {
    /// Seconds after which a revocation is forgotten although its task was never seen to end; they count
    /// from the task's eta, if that is later: until then a worker only holds it.
    nonisolated static let lifetime: Double = 7 * 86_400
    /// Seconds for which workers that appear are told of a revocation by stamp, unless it says otherwise:
    /// nothing ever tells that the last task with a stamp has ended.
    nonisolated static let stampLifetime: Double = 86_400
    /// Seconds between two tellings of everybody: well below Celery's `REVOKE_EXPIRES` of 10,800.
    static let refreshSeconds: Double = 3_600
    private let control: ControlDesk
    private let records: any RevokeRecords
    private let clock: GatewayClock
    private let origin: String
    private let log: Logger
    private var open: [String: OpenRevoke] = [:]
    private var openStamps: [OpenStampRevoke] = []
    private var refreshedAt: Double
    /// Workers that may not hear a broadcast yet.
    private var newcomers = Newcomers()

    init(
        control: ControlDesk, records: any RevokeRecords, clock: GatewayClock, origin: String,
        log: Logger
    ) {
        self.control = control
        self.records = records
        self.clock = clock
        self.origin = origin
        self.log = log
        refreshedAt = clock.now()
    }

    /// Reads what earlier runs of the gateway left.
    func load() async {
        do throws(RecordsError) {
            for revoke in try await records.openRevokes(now: clock.now()) {
                open[revoke.taskID] = revoke
            }
            openStamps = try await records.openStampRevokes(now: clock.now())
        } catch {
            log.error("open revocations cannot be read", metadata: ["error": "\(error.message)"])
        }
    }

    /// The rows of a command that revokes; the caller records them with it.
    ///
    /// - Parameter eta: when a task may start, if that is known.
    static func rows(
        of revoke: RevokeSpec, command: String, now: Double, eta: (String) -> Double?
    ) -> [OpenRevoke] {
        revoke.ids.map {
            OpenRevoke(
                taskID: $0, command: command, terminate: revoke.terminate,
                signal: revoke.terminate ? revoke.signal : nil, at: now,
                expiresAt: max(now, eta($0) ?? now) + lifetime)
        }
    }

    /// The rows of a command that revokes by stamp.
    static func rows(
        of action: CommandAction, command: String, now: Double
    ) -> [OpenStampRevoke] {
        guard case .revokeStamped(let spec) = action, spec.keep > 0 else { return [] }
        return [
            OpenStampRevoke(
                command: command, stamps: spec.stamps, terminate: spec.terminate,
                signal: spec.terminate ? spec.signal : nil, at: now, expiresAt: now + spec.keep)
        ]
    }

    /// Notes revocations that have been recorded.
    func added(_ revokes: [OpenRevoke], stamps: [OpenStampRevoke]) {
        for revoke in revokes { open[revoke.taskID] = revoke }
        openStamps += stamps
        guard !revokes.isEmpty || !stamps.isEmpty else { return }
        // Their mailboxes may open only after the broadcast.
        for worker in newcomers.all(now: clock.now()) {
            Task { @LoopActor in await tell(worker) }
        }
    }

    /// Those of a command whose tasks have not ended.
    func revokes(of command: String) -> [OpenRevoke] {
        open.values.filter { $0.command == command }
    }

    /// What tells workers of all of them.
    private var messages: [ControlMethod] {
        RevokeMessages.make(for: Array(open.values), origin: origin)
            + RevokeMessages.make(for: openStamps)
    }

    // MARK: - The end of tasks

    /// A worker has said that a task is over for good: it has no message any more.
    func noticed(_ events: [CeleryEvent]) {
        guard !open.isEmpty else { return }
        close(
            events.compactMap { event in
                guard case .task(let task) = event else { return nil }
                switch task.kind {
                case .succeeded, .failed, .revoked: return task.uuid
                case .rejected: return task.requeue == true ? nil : task.uuid
                default: return nil
                }
            })
    }

    /// The backend has a final result. Not so REVOKED: since Celery 5.6 it is written when the command
    /// comes, while the message still waits for a worker that may not know of it.
    func noticed(_ results: [TaskResult]) {
        guard !open.isEmpty else { return }
        close(results.filter { ["SUCCESS", "FAILURE"].contains($0.status) }.map(\.id))
    }

    private func close(_ ids: [String]) {
        let ended = ids.filter { open.removeValue(forKey: $0) != nil }
        guard !ended.isEmpty else { return }
        Task { @LoopActor in
            do throws(RecordsError) {
                try await records.closeRevokes(of: ended)
            } catch {
                // They expire by themselves; until then workers are told in vain.
                log.error(
                    "ended revocations are not closed", metadata: ["error": "\(error.message)"])
            }
        }
    }

    // MARK: - Telling workers

    /// A worker has appeared: it must hear of them before it takes messages.
    func workerAppeared(_ name: String) {
        newcomers.note(name, now: clock.now())
        forgetExpired()
        guard !open.isEmpty || !openStamps.isEmpty else { return }
        Task { @LoopActor in await tell(name) }
    }

    /// Tells everybody again, after a gap or because workers forget.
    func refresh() {
        refreshedAt = clock.now()
        forgetExpired()
        let messages = messages
        Task { @LoopActor in
            for method in messages {
                do throws(BrokerError) {
                    try await control.tell(method)
                } catch {
                    log.debug("revocations not sent", metadata: ["error": "\(error.message)"])
                }
            }
        }
    }

    /// Tells everybody from time to time.
    func tick() {
        if clock.now() - refreshedAt >= Self.refreshSeconds { refresh() }
    }

    private func forgetExpired() {
        let now = clock.now()
        open = open.filter { $0.value.expiresAt > now }
        openStamps = openStamps.filter { $0.expiresAt > now }
    }

    /// Tells one worker of all of them, as soon as it can hear.
    private func tell(_ worker: String) async {
        do throws(BrokerError) {
            guard try await control.reach([worker]).isEmpty else {
                log.warning(
                    "a worker has not answered, so it does not know the open revocations",
                    metadata: ["worker": "\(worker)"])
                return
            }
            newcomers.answered(worker)
            // Also those that were asked for while it could not hear.
            for method in messages { try await control.tell(method, to: [worker]) }
            log.info(
                "told a worker of open revocations",
                metadata: ["worker": "\(worker)", "count": "\(open.count + openStamps.count)"])
        } catch {
            log.debug("revocations not sent", metadata: ["error": "\(error.message)"])
        }
    }
}
