internal import DequeModule
internal import Lookup

/// One topic: its rows, who they are by id, and what is left of removed ones.
final class Topic {
    /// What is kept of a removed row (R17, R20).
    struct Tombstone {
        let handle: Int
        let goneAt: Int
    }

    let schema: TopicSchema
    let limits: SyncLimits
    /// Which of the engine's topics it is.
    let bit: TopicSet
    /// Holds the rows, and writes them.
    private var writer: RowWriter
    /// Changed by this class and by its ``tables`` only.
    private(set) var rows: RowStore {
        _read { yield writer.rows }
        _modify { yield &writer.rows }
    }
    /// For windows only.
    let tables: WindowTables?
    /// Bytes that each column's name takes in a patch.
    let nameBytes: [Int]
    /// Slots by id; the ids themselves stand in the rows.
    private var index = IDTable()
    /// Removed rows, oldest first; whole topics only.
    private(set) var tombstones = Deque<Tombstone>()
    /// Deltas since before this revision are impossible: tombstones are missing.
    private(set) var floor: Int
    /// Revision of the topic's last change.
    private(set) var changedAt: Int
    /// Unescaped bytes of all texts, for the reset rule.
    private(set) var textBytes = 0

    init(schema: TopicSchema, number: Int, base: Int, limits: SyncLimits) {
        self.schema = schema
        self.bit = TopicSet(number: number)
        self.limits = limits
        // Filter fields have few values, but for ids, which are all different.
        let rows = RowStore(
            columnCount: schema.columns.count, base: base, rare: schema.rareColumns,
            symbols: Set(schema.filterColumns).subtracting([TopicSchema.idColumn]))
        self.tables = schema.kind == .windows ? WindowTables(schema: schema, limits: limits) : nil
        self.nameBytes = schema.columns.map { $0.utf8.count + 4 }
        self.writer = RowWriter(rows, tables, nameBytes: nameBytes, limit: limits.rowBytes)
        self.floor = base
        self.changedAt = base
    }

    /// The slot of the row with an id.
    func slot(of id: String) -> Int? { slot(of: id, IDTable.Mark(id)) }

    private func slot(of id: String, _ mark: IDTable.Mark) -> Int? {
        rows.slot(of: id, mark, by: index)
    }

    /// Ids of all rows, in no order.
    var ids: [String] {
        rows.metas.indices.compactMap { slot in
            guard rows.metas[slot].handle != 0,
                case .text(let id) = rows.value(slot, TopicSchema.idColumn)
            else { return nil }
            return id
        }
    }

    /// True if the row of an id stands at a place.
    func isRow(_ place: RowPlace, _ id: String) -> Bool {
        place.slot >= 0 && rows.isRow(Int(place.slot), id)
    }

    /// True if another row fits.
    var hasRoom: Bool {
        rows.count < (schema.kind == .whole ? limits.wholeTopicRows : limits.windowTopicRows)
    }

    // Changes; `revision` is the running number of the open batch

    /// Finds the row of an id, or reserves the slot of a new one: the id is hashed once for both.
    ///
    /// A reserved slot must be made a row by ``insert(_:at:handle:_:)`` before anything else is done.
    func reserve(_ id: String) -> (slot: Int, isNew: Bool) {
        let mark = IDTable.Mark(id)
        if let slot = slot(of: id, mark) { return (slot, false) }
        index.insert(mark, at: Int32(rows.nextSlot))
        return (rows.nextSlot, true)
    }

    /// Makes a row of a reserved slot.
    ///
    /// - Returns: how many fields it has beside its id, and how many were refused for their size.
    func insert(
        _ id: String, at reserved: Int, handle: Int, _ write: (inout RowWriter) -> Void
    ) -> (changed: Int, refused: Int) {
        let slot = rows.insert(id, handle: handle)
        assert(slot == reserved, "a slot was taken between reserving it and its row")
        writer.open(slot, revision: handle, isNew: true)
        write(&writer)
        let result = writer.close()
        textBytes += rows.textBytes(slot)
        changedAt = handle
        tables?.inserted(slot, in: &rows)
        return (result.columns.nonzeroBitCount, result.refused)
    }

    /// Sets fields of a row.
    ///
    /// - Returns: how many fields really changed, and how many were refused for their size.
    func change(
        _ slot: Int, revision: Int, _ write: (inout RowWriter) -> Void
    ) -> (changed: Int, refused: Int) {
        let before = rows.textBytes(slot)
        writer.open(slot, revision: revision, isNew: false)
        write(&writer)
        let result = writer.close()
        guard result.columns != 0 else { return (0, result.refused) }
        tables?.changed(slot, result.columns, taken: result.taken, in: &rows)
        rows.touch(slot, revision: revision)
        textBytes += rows.textBytes(slot) - before
        changedAt = revision
        return (result.columns.nonzeroBitCount, result.refused)
    }

    /// Ends a row.
    ///
    /// - Returns: whether there was one of this id.
    func remove(_ id: String, revision: Int) -> Bool {
        let mark = IDTable.Mark(id)
        guard let slot = slot(of: id, mark) else { return false }
        index.remove(mark, at: Int32(slot))
        textBytes -= Int(rows.metas[slot].textBytes)
        if schema.kind == .whole {
            tombstones.append(Tombstone(handle: rows.metas[slot].handle, goneAt: revision))
            if tombstones.count > limits.tombstones, let dropped = tombstones.popFirst() {
                floor = max(floor, dropped.goneAt)
            }
        }
        tables?.willRemove(slot, in: &rows)
        rows.remove(slot)
        changedAt = revision
        return true
    }

    /// Forgets tombstones of rows that went at or before a revision.
    ///
    /// The floor rises no further than that: a client that waits for a quiet topic stays served.
    private func forget(through revision: Int) {
        while let first = tombstones.first, first.goneAt <= revision {
            tombstones.removeFirst()
            floor = max(floor, first.goneAt)
        }
    }

    /// Roughly the bytes of all rows on the wire.
    var estimatedBytes: Int { textBytes + rows.count * (24 + schema.columns.count * 8) }

    /// Between two commits: forgets what nobody may ask for, and tidies up.
    func maintain(horizon: Int, revision: Int) {
        forget(through: horizon)
        tables?.compact(&rows)
        if rows.needsRebase(at: revision) { rows.rebase(to: horizon) }
    }

    // Reading

    /// True if a row matches a filter.
    func matches(_ slot: Int, _ filter: Filter) -> Bool {
        filter.isEverything || filter.matches { rows.value(slot, $0) }
    }

    /// Adds a whole row as a role sees it.
    func append(whole slot: Int, _ projection: Projection, to set: inout RowSet) {
        set.appendRow(rows.metas[slot].handle)
        rows.forEachField(of: slot, in: projection.visible) { column, value in
            set.appendCell(
                column, projection.shown(value, column: column), nameBytes: nameBytes[column])
        }
    }

    /// Adds the fields that changed after a revision; nothing if the role sees none of them.
    func append(
        changesOf slot: Int, since: Int, _ projection: Projection, to set: inout RowSet
    ) {
        let handle = rows.metas[slot].handle
        var hasRow = false
        rows.forEachChange(of: slot, since: since, in: projection.visible) { column, value in
            if !hasRow { set.appendRow(handle) }
            hasRow = true
            set.appendCell(
                column, projection.shown(value, column: column), nameBytes: nameBytes[column])
        }
    }
}
