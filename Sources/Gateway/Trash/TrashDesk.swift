internal import EventLoop
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

/// Keeps account of what purges have put aside: rows of topic `trash`, in the records and in step with the
/// broker's keys.
@LoopActor
final class TrashDesk {
    private let broker: any BrokerCommands
    private let records: any TrashRecords
    private let rows: Rows
    private let settings: CelerySettings
    private let clock: GatewayClock
    private let cost: CostKeeper
    private let log: Logger
    private let onChange: @LoopActor () -> Void
    private var known: [String: TrashRecord] = [:]
    /// Purges that are being performed: their scripts may still be on their way.
    private var performing: Set<String> = []
    private var isComparing = false

    init(
        broker: any BrokerCommands, records: any TrashRecords, rows: Rows,
        settings: CelerySettings, clock: GatewayClock, cost: CostKeeper, log: Logger,
        onChange: @escaping @LoopActor () -> Void
    ) {
        self.broker = broker
        self.records = records
        self.rows = rows
        self.settings = settings
        self.clock = clock
        self.cost = cost
        self.log = log
        self.onChange = onChange
    }

    /// Reads what earlier runs of the gateway left.
    func load() async {
        do throws(RecordsError) {
            for trash in try await records.trash(now: clock.now()) {
                known[trash.id] = trash
                show(trash)
            }
        } catch {
            log.error("trash of purges cannot be read", metadata: ["error": "\(error.message)"])
        }
    }

    /// What can be restored by this id; `nil` if there is nothing (any more).
    subscript(_ id: String) -> TrashRecord? {
        guard let trash = known[id], trash.isKnown, trash.expiresAt > clock.now() else {
            return nil
        }
        return trash
    }

    // MARK: - From purge to restore

    /// A purge has been recorded and is about to be performed.
    func added(_ trash: TrashRecord) {
        known[trash.id] = trash
        performing.insert(trash.id)
    }

    /// The broker has told what was removed; returns when that is on the disk.
    func purged(_ id: String, _ counts: [Int]) async {
        performing.remove(id)
        guard var trash = known[id] else { return }
        trash.counts = counts
        await keep(trash, left: counts)
    }

    /// Nothing was removed, and nothing will be.
    func neverPurged(_ id: String) async {
        performing.remove(id)
        guard known[id] != nil else { return }
        await forget([id])
    }

    /// Nobody knows whether the purge was performed: the broker's keys will tell.
    func isUncertain(_ id: String) { performing.remove(id) }

    /// So many of each step are left; returns when that is on the disk.
    func restored(_ id: String, left: [Int]) async {
        guard let trash = known[id] else { return }
        await keep(trash, left: left)
    }

    private func keep(_ trash: TrashRecord, left: [Int]) async {
        guard left.reduce(0, +) > 0 else {
            await forget([trash.id])
            return
        }
        var trash = trash
        trash.left = left
        guard known[trash.id] != trash else { return }
        known[trash.id] = trash
        show(trash)
        do throws(RecordsError) {
            try await records.update(trash)
        } catch {
            // What is left is read from the broker again at the next start.
            log.error(
                "what is left of a purge is not recorded", metadata: ["error": "\(error.message)"])
        }
    }

    private func forget(_ ids: [String]) async {
        for id in ids {
            known[id] = nil
            if rows.engine.handle(of: id, in: rows.trash) != nil {
                rows.engine.remove(rows.trash, id: id)
            }
        }
        onChange()
        do throws(RecordsError) {
            try await records.forgetTrash(of: ids)
        } catch {
            // Rows without keys are found at the next comparison, and expire by themselves.
            log.error("a purge is not forgotten", metadata: ["error": "\(error.message)"])
        }
    }

    // MARK: - Time and truth

    /// Takes rows away whose messages the broker throws away now; the records prune themselves.
    func tick() {
        let now = clock.now()
        for trash in known.values where trash.expiresAt <= now && !performing.contains(trash.id) {
            known[trash.id] = nil
            guard rows.engine.handle(of: trash.id, in: rows.trash) != nil else { continue }
            rows.engine.remove(rows.trash, id: trash.id)
            onChange()
        }
    }

    /// Compares the rows with the broker's keys: after a start, a reconnect, and now and then, because
    /// others can delete keys.
    ///
    /// - Parameter onFound: called for a purge of which nothing was known, with what it has removed; `nil`
    ///   if it was never done.
    func compare(onFound: @LoopActor (String, [Int]?) -> Void) async {
        guard !isComparing else { return }
        isComparing = true
        defer { isComparing = false }
        let ids = known.keys.filter { !performing.contains($0) }.sorted()
        do throws(BrokerError) {
            for id in ids where known[id]?.isKnown == false {
                switch try await mark(of: id) {
                case .purged(let counts):
                    known[id]?.counts = counts
                    onFound(id, counts)
                default:
                    await forget([id])
                    onFound(id, nil)
                }
            }
            guard cost.mayRead(ids.count * settings.naming.steps.count) else { return }
            for some in ids.chunks(of: TrashLimits.comparedAtOnce) { try await compare(some) }
        } catch {
            log.debug("trash could not be read", metadata: ["error": "\(error.message)"])
        }
    }

    private func compare(_ ids: [String]) async throws(BrokerError) {
        let lists = ids.map { TrashKeys($0, settings: settings).lists }
        let replies = try await broker.pipeline(
            lists.flatMap { $0 }.map { [Array("LLEN".utf8), $0] })
        var place = 0
        for (id, lists) in zip(ids, lists) {
            let left = replies[place..<place + lists.count].map {
                if case .integer(let count) = $0 { Int(count) } else { 0 }
            }
            place += lists.count
            guard let trash = known[id], trash.isKnown else { continue }
            await keep(trash, left: left)
        }
    }

    /// The mark that a command's script has left. If there is none, the script is forbidden from now on:
    /// it may still be on its way from an earlier run.
    func mark(of command: String, part: Int = 0) async throws(BrokerError) -> TrashMark {
        let key = settings.markKey(command, part: part)
        let taken = try await broker.send([
            Array("SET".utf8), key, Array(TrashMark.lost.utf8), Array("NX".utf8),
            Array("EX".utf8), Array("\(TrashLimits.markSeconds)".utf8),
        ])
        guard taken == .null else { return .forbidden }
        guard case .bulk(let bytes) = try await broker.send([Array("GET".utf8), key]),
            let mark = TrashMark(bytes)
        else { return .forbidden }
        return mark
    }

    // MARK: - Rows

    private func show(_ trash: TrashRecord) {
        guard let counts = trash.counts, let left = trash.left else { return }
        var row = RowBuilder(capacity: 8)
        row.add(trash.queue)
        row.add(counts.reduce(0, +))
        row.add(left.reduce(0, +))
        row.add(left)
        row.add(trash.at)
        row.add(trash.expiresAt)
        row.add(trash.by)
        row.add(trash.id)
        rows.engine.upsert(rows.trash, id: trash.id, row.updates)
        onChange()
    }
}
