internal import Lookup

/// The rows of one topic: cells, the revision of each cell, and the list of rows by last change (R13, R14).
///
/// A row lives in a *slot*, a small number that does not change while the row lives and is used again
/// afterwards; its *handle* tells its lives apart. Cells stand in blocks of 256 rows: 12 bytes for each
/// column that rows usually have; columns declared rare are kept aside, only where they are set.
/// Revisions are offsets from `base`; ``rebase(to:)`` moves the base long before they run out.
///
/// A value type on purpose: the owner changes it in place, and a reader's local copy costs a few reference
/// counts once and spares the exclusivity checks that reading a class's property costs every time.
struct RowStore {
    static let rowsPerBlock = 256

    let columnCount: Int
    /// Place of each column in a block's row; -1 for rare ones.
    private let places: [Int]
    private let placeCount: Int
    /// Columns whose texts are kept as symbols, as a mask.
    private let symbolColumns: UInt64
    private var bits: [[UInt64]] = []
    private var marks: [[RowCell.Mark]] = []
    private var rare: [UInt64: RowCell] = [:]
    private(set) var texts = TextPool()
    private(set) var symbols = SymbolPool()
    private var free: [Int32] = []
    private(set) var metas: [RowMeta] = []
    /// Revision that offset 0 stands for: everything at or before it is "long ago".
    private(set) var base: Int
    /// Rows that live.
    private(set) var count = 0
    /// Ends of the list by last change.
    private(set) var oldest: Int32 = -1
    private(set) var newest: Int32 = -1

    /// Makes a store without rows.
    ///
    /// - Parameters:
    ///   - rare: columns that few rows have.
    ///   - symbols: columns whose texts many rows share.
    init(columnCount: Int, base: Int, rare: Set<Int> = [], symbols: Set<Int> = []) {
        self.columnCount = columnCount
        self.base = base
        var places: [Int] = []
        var next = 0
        for column in 0..<columnCount {
            places.append(rare.contains(column) ? -1 : next)
            next += rare.contains(column) ? 0 : 1
        }
        self.places = places
        placeCount = next
        symbolColumns = symbols.reduce(0) { $0 | 1 << UInt64($1) }
    }

    /// Slots in use or free: the end of a walk over all slots.
    var slotCount: Int { metas.count }

    // MARK: - Cells

    /// What stands in a column of a row.
    ///
    /// Inlined, and so are those that it needs: to be lent the rows, a function that changes them copies them.
    @inline(__always)
    func cell(_ slot: Int, _ column: Int) -> RowCell {
        let place = places[column]
        guard place >= 0 else {
            return metas[slot].rare & (1 << UInt64(column)) == 0
                ? RowCell() : rareCell(slot, column)
        }
        let block = slot / Self.rowsPerBlock
        let index = slot % Self.rowsPerBlock * placeCount + place
        let mark = marks[block][index]
        return RowCell(kind: mark.kind, bits: bits[block][index], revision: mark.revision)
    }

    @inline(never)
    private func rareCell(_ slot: Int, _ column: Int) -> RowCell {
        rare[rareKey(slot, column)] ?? RowCell()
    }

    /// Replaces what stands in a column of a row; the caller has let go of its text.
    @inline(__always)
    mutating func put(_ cell: RowCell, _ slot: Int, _ column: Int) {
        let place = places[column]
        guard place >= 0 else { return putRare(cell, slot, column) }
        let block = slot / Self.rowsPerBlock
        let index = slot % Self.rowsPerBlock * placeCount + place
        bits[block][index] = cell.bits
        marks[block][index] = RowCell.Mark(cell.kind, cell.revision)
    }

    @inline(never)
    private mutating func putRare(_ cell: RowCell, _ slot: Int, _ column: Int) {
        metas[slot].rare |= 1 << UInt64(column)
        rare[rareKey(slot, column)] = cell
    }

    @inline(__always)
    private func rareKey(_ slot: Int, _ column: Int) -> UInt64 {
        UInt64(slot) << 6 | UInt64(column)
    }

    private func value(of cell: RowCell) -> FieldValue {
        switch cell.kind {
        case .absent: .absent
        case .no: .bool(false)
        case .yes: .bool(true)
        case .int: .int(Int(truncatingIfNeeded: cell.bits))
        case .double: .double(Double(bitPattern: cell.bits))
        case .text: .text(texts[cell.index])
        case .list: .list(texts[cell.index])
        case .symbol: .text(symbols[cell.index])
        }
    }

    /// The value of a cell.
    func value(_ slot: Int, _ column: Int) -> FieldValue {
        value(of: cell(slot, column))
    }

    /// True if a cell holds this text, not as a symbol.
    @inline(__always)
    func isText(_ text: String, at slot: Int, _ column: Int) -> Bool {
        let cell = cell(slot, column)
        return cell.kind == .text && texts[cell.index] == text
    }

    /// The slot of the row with an id; `mutating` as ``isRow(_:_:)`` is.
    mutating func slot(of id: String, _ mark: IDTable.Mark, by index: IDTable) -> Int? {
        index.find(mark) { isRow(Int($0), id) }.map { Int($0) }
    }

    /// True if the row of an id stands in a slot.
    ///
    /// It changes nothing; `mutating` makes a class that owns the rows reach them in place. To ask
    /// otherwise it copies them out first, which counts up all their parts.
    mutating func isRow(_ slot: Int, _ id: String) -> Bool {
        slot < metas.count && metas[slot].handle != 0 && isText(id, at: slot, TopicSchema.idColumn)
    }

    /// The number of a cell's symbol, `nil` if it holds something else.
    func symbol(_ slot: Int, _ column: Int) -> UInt32? {
        let cell = cell(slot, column)
        return cell.kind == .symbol ? cell.index : nil
    }

    /// Revision at which a cell last changed; ``base`` if never or long ago.
    func revision(_ slot: Int, _ column: Int) -> Int {
        base + Int(cell(slot, column).revision)
    }

    /// Revision at which any cell of the row last changed.
    func lastChange(_ slot: Int) -> Int {
        base + Int(metas[slot].lastChange)
    }

    /// Visits the fields that are present, among some columns.
    func forEachField(of slot: Int, in mask: UInt64, _ body: (Int, FieldValue) -> Void) {
        for column in 0..<columnCount where mask & (1 << UInt64(column)) != 0 {
            let cell = cell(slot, column)
            if cell.kind != .absent { body(column, value(of: cell)) }
        }
    }

    /// Visits the fields that changed after a revision, among some columns; cleared ones are absent.
    func forEachChange(
        of slot: Int, since revision: Int, in mask: UInt64, _ body: (Int, FieldValue) -> Void
    ) {
        let since = max(0, revision - base)
        for column in 0..<columnCount where mask & (1 << UInt64(column)) != 0 {
            let cell = cell(slot, column)
            if Int(cell.revision) > since || revision < base { body(column, value(of: cell)) }
        }
    }

    /// How a column's texts are kept.
    @inline(__always)
    func kind(ofTextsIn column: Int) -> RowCell.Kind {
        symbolColumns & (1 << UInt64(column)) != 0 ? .symbol : .text
    }

    /// True if a cell, which holds a text of some kind, holds this one.
    @inline(__always)
    func isText(_ text: String, in cell: RowCell) -> Bool {
        cell.kind == .symbol ? symbols[cell.index] == text : texts[cell.index] == text
    }

    /// Keeps a text of a row.
    ///
    /// - Returns: the cell that holds it.
    @inline(__always)
    mutating func keep(
        _ text: String, _ kind: RowCell.Kind, _ stamp: UInt32, _ slot: Int
    ) -> RowCell {
        metas[slot].textBytes += UInt32(clamping: text.utf8.count)
        let index = kind == .symbol ? symbols.insert(text) : texts.insert(text)
        return RowCell(kind: kind, bits: UInt64(index), revision: stamp)
    }

    /// Bytes of a row's texts, unescaped.
    @inline(__always)
    func textBytes(_ slot: Int) -> Int { Int(metas[slot].textBytes) }

    /// Lets go of the text of a cell that is about to be replaced.
    @inline(__always)
    mutating func dropText(of cell: RowCell, _ slot: Int) {
        if cell.kind.rawValue >= RowCell.Kind.text.rawValue { letGo(cell, slot) }
    }

    private mutating func letGo(_ cell: RowCell, _ slot: Int) {
        switch cell.kind {
        case .text, .list:
            metas[slot].textBytes -= UInt32(clamping: texts[cell.index].utf8.count)
            texts.remove(cell.index)
        case .symbol:
            metas[slot].textBytes -= UInt32(clamping: symbols[cell.index].utf8.count)
            symbols.remove(cell.index)
        case .absent, .no, .yes, .int, .double: return
        }
    }

    /// A revision as cells keep it.
    func offset(_ revision: Int) -> UInt32 {
        min(UInt32(clamping: revision - base), RowCell.Mark.lastRevision)
    }

    // MARK: - Rows

    /// The slot that the next new row gets.
    var nextSlot: Int { free.last.map { Int($0) } ?? metas.count }

    /// A slot for a new row; its other cells are absent and it is the newest in the list.
    mutating func insert(_ id: String, handle: Int) -> Int {
        let slot = insert(handle: handle)
        let stamp = offset(handle)
        put(keep(id, .text, stamp, slot), slot, TopicSchema.idColumn)
        return slot
    }

    /// The same without an id.
    mutating func insert(handle: Int) -> Int {
        let slot: Int
        if let used = free.popLast() {
            slot = Int(used)
        } else {
            slot = metas.count
            metas.append(RowMeta())
            if slot / Self.rowsPerBlock == bits.count {
                let cells = Self.rowsPerBlock * placeCount
                bits.append(Array(repeating: 0, count: cells))
                marks.append(Array(repeating: RowCell.Mark(.absent, 0), count: cells))
            }
        }
        metas[slot] = RowMeta(handle: handle, lastChange: offset(handle))
        linkNewest(slot)
        count += 1
        return slot
    }

    /// Ends a row and frees its slot.
    mutating func remove(_ slot: Int) {
        for column in 0..<columnCount {
            let old = cell(slot, column)
            if places[column] < 0 {
                guard metas[slot].rare & (1 << UInt64(column)) != 0 else { continue }
                dropText(of: old, slot)
                rare[rareKey(slot, column)] = nil
            } else if old.kind != .absent || old.revision != 0 {
                dropText(of: old, slot)
                put(RowCell(), slot, column)
            }
        }
        unlink(slot)
        metas[slot] = RowMeta()
        free.append(Int32(slot))
        count -= 1
    }

    /// Notes the group of a row.
    mutating func setGroup(_ slot: Int, _ group: Int32) {
        metas[slot].group = group
    }

    /// The row changed: it becomes the newest in the list.
    mutating func touch(_ slot: Int, revision: Int) {
        metas[slot].lastChange = offset(revision)
        guard newest != Int32(slot) else { return }
        unlink(slot)
        linkNewest(slot)
    }

    private mutating func linkNewest(_ slot: Int) {
        metas[slot].previous = newest
        metas[slot].next = -1
        if newest >= 0 {
            metas[Int(newest)].next = Int32(slot)
        } else {
            oldest = Int32(slot)
        }
        newest = Int32(slot)
    }

    private mutating func unlink(_ slot: Int) {
        let (previous, next) = (metas[slot].previous, metas[slot].next)
        if previous >= 0 { metas[Int(previous)].next = next } else { oldest = next }
        if next >= 0 { metas[Int(next)].previous = previous } else { newest = previous }
    }

    // MARK: - Revisions

    /// True if offsets come near their end and ``rebase(to:)`` is due.
    func needsRebase(at revision: Int) -> Bool {
        revision - base > Int(RowCell.Mark.lastRevision) - (1 << 24)
    }

    /// Makes a later revision the base. Nobody may ask for changes since before it any more (R13).
    mutating func rebase(to revision: Int) {
        let shift = UInt32(clamping: revision - base)
        for block in marks.indices {
            for cell in marks[block].indices {
                let old = marks[block][cell]
                let revision = old.revision > shift ? old.revision - shift : 0
                marks[block][cell] = RowCell.Mark(old.kind, revision)
            }
        }
        rare = rare.mapValues { cell in
            var moved = cell
            moved.revision = cell.revision > shift ? cell.revision - shift : 0
            return moved
        }
        for slot in metas.indices {
            let old = metas[slot].lastChange
            metas[slot].lastChange = old > shift ? old - shift : 0
        }
        base = revision
    }
}
