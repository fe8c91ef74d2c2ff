/// The rows of one topic: cells, the revision of each cell, and the list of rows by last change (R13, R14).
///
/// A row lives in a *slot*, a small number that does not change while the row lives and is used again
/// afterwards; its *handle* tells its lives apart. Cells stand in blocks of 256 rows: 8 bytes for the
/// bits, 1 for the kind and 4 for the revision, so a row of 31 columns takes about 400 bytes and its texts.
/// Revisions are offsets from `base`; ``rebase(to:)`` moves the base long before they run out.
final class RowStore {
    /// What is kept of a row beside its cells.
    struct Meta {
        /// The row's handle, 0 while the slot is free.
        var handle = 0
        /// Offset of the last change of any cell.
        var lastChange: UInt32 = 0
        /// Neighbors in the list by last change; -1 at the ends.
        var previous: Int32 = -1
        var next: Int32 = -1
        /// Bytes of the row's texts, unescaped.
        var textBytes: UInt32 = 0
        /// Group of equal filter values; -1 in whole topics.
        var group: Int32 = -1
    }

    /// How a cell's bits are read.
    enum Kind: UInt8 {
        case absent
        case no
        case yes
        case int
        case double
        case text
        case list
    }

    static let rowsPerBlock = 256

    let columnCount: Int
    private var bits: [[UInt64]] = []
    private var kinds: [[UInt8]] = []
    private var revisions: [[UInt32]] = []
    private(set) var texts = TextPool()
    private var free: [Int32] = []
    var metas: [Meta] = []
    /// Revision that offset 0 stands for: everything at or before it is "long ago".
    private(set) var base: Int
    /// Rows that live.
    private(set) var count = 0
    /// Ends of the list by last change.
    private(set) var oldest: Int32 = -1
    private(set) var newest: Int32 = -1

    init(columnCount: Int, base: Int) {
        self.columnCount = columnCount
        self.base = base
    }

    /// Slots in use or free: the end of a walk over all slots.
    var slotCount: Int { metas.count }

    // Cells

    @inline(__always)
    private func place(_ slot: Int, _ column: Int) -> (block: Int, cell: Int) {
        (slot / Self.rowsPerBlock, slot % Self.rowsPerBlock * columnCount + column)
    }

    /// The value of a cell.
    func value(_ slot: Int, _ column: Int) -> FieldValue {
        let (block, cell) = place(slot, column)
        let bits = bits[block][cell]
        switch Kind(rawValue: kinds[block][cell]) ?? .absent {
        case .absent: return .absent
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .int: return .int(Int(truncatingIfNeeded: bits))
        case .double: return .double(Double(bitPattern: bits))
        case .text: return .text(texts[UInt32(truncatingIfNeeded: bits)])
        case .list: return .list(texts[UInt32(truncatingIfNeeded: bits)])
        }
    }

    /// Revision at which a cell last changed; ``base`` if never or long ago.
    func revision(_ slot: Int, _ column: Int) -> Int {
        let (block, cell) = place(slot, column)
        return base + Int(revisions[block][cell])
    }

    /// Revision at which any cell of the row last changed.
    func lastChange(_ slot: Int) -> Int {
        base + Int(metas[slot].lastChange)
    }

    /// Sets a cell and gives it the revision, if the value is another one. Does not touch the list.
    ///
    /// - Returns: whether it was another one.
    func set(_ slot: Int, _ column: Int, _ value: FieldValue, revision: Int) -> Bool {
        let (block, cell) = place(slot, column)
        let old = Kind(rawValue: kinds[block][cell]) ?? .absent
        let oldBits = bits[block][cell]
        let kind: Kind
        var newBits: UInt64 = 0
        switch value {
        case .absent: kind = .absent
        case .bool(let flag): kind = flag ? .yes : .no
        case .int(let number):
            kind = .int
            newBits = UInt64(bitPattern: Int64(number))
        case .double(let number):
            kind = number.isFinite ? .double : .absent
            newBits = number.isFinite ? number.bitPattern : 0
        case .text(let text):
            return set(text, .text, at: (block, cell), old, oldBits, slot, revision)
        case .list(let json):
            return set(json, .list, at: (block, cell), old, oldBits, slot, revision)
        }
        if kind == old, newBits == oldBits { return false }
        dropText(old, oldBits, slot)
        bits[block][cell] = newBits
        kinds[block][cell] = kind.rawValue
        revisions[block][cell] = offset(revision)
        return true
    }

    private func set(
        _ text: String, _ kind: Kind, at place: (block: Int, cell: Int), _ old: Kind,
        _ oldBits: UInt64, _ slot: Int, _ revision: Int
    ) -> Bool {
        let index = UInt32(truncatingIfNeeded: oldBits)
        if old == .text || old == .list {
            let earlier = texts[index]
            if old == kind, earlier == text { return false }
            metas[slot].textBytes -= UInt32(clamping: earlier.utf8.count)
            texts.replace(index, with: text)
        } else {
            bits[place.block][place.cell] = UInt64(texts.insert(text))
        }
        metas[slot].textBytes += UInt32(clamping: text.utf8.count)
        kinds[place.block][place.cell] = kind.rawValue
        revisions[place.block][place.cell] = offset(revision)
        return true
    }

    private func dropText(_ kind: Kind, _ bits: UInt64, _ slot: Int) {
        guard kind == .text || kind == .list else { return }
        let index = UInt32(truncatingIfNeeded: bits)
        metas[slot].textBytes -= UInt32(clamping: texts[index].utf8.count)
        texts.remove(index)
    }

    private func offset(_ revision: Int) -> UInt32 {
        UInt32(clamping: revision - base)
    }

    // Rows

    /// A slot for a new row; its cells are absent and it is the newest in the list.
    func insert(handle: Int) -> Int {
        let slot: Int
        if let used = free.popLast() {
            slot = Int(used)
        } else {
            slot = metas.count
            metas.append(Meta())
            if slot / Self.rowsPerBlock == bits.count {
                let cells = Self.rowsPerBlock * columnCount
                bits.append(Array(repeating: 0, count: cells))
                kinds.append(Array(repeating: 0, count: cells))
                revisions.append(Array(repeating: 0, count: cells))
            }
        }
        metas[slot] = Meta(handle: handle, lastChange: offset(handle))
        linkNewest(slot)
        count += 1
        return slot
    }

    /// Ends a row and frees its slot.
    func remove(_ slot: Int) {
        let (block, start) = place(slot, 0)
        for cell in start..<(start + columnCount) {
            dropText(Kind(rawValue: kinds[block][cell]) ?? .absent, bits[block][cell], slot)
            kinds[block][cell] = Kind.absent.rawValue
            bits[block][cell] = 0
            revisions[block][cell] = 0
        }
        unlink(slot)
        metas[slot] = Meta()
        free.append(Int32(slot))
        count -= 1
    }

    /// The row changed: it becomes the newest in the list.
    func touch(_ slot: Int, revision: Int) {
        metas[slot].lastChange = offset(revision)
        guard newest != Int32(slot) else { return }
        unlink(slot)
        linkNewest(slot)
    }

    private func linkNewest(_ slot: Int) {
        metas[slot].previous = newest
        metas[slot].next = -1
        if newest >= 0 {
            metas[Int(newest)].next = Int32(slot)
        } else {
            oldest = Int32(slot)
        }
        newest = Int32(slot)
    }

    private func unlink(_ slot: Int) {
        let (previous, next) = (metas[slot].previous, metas[slot].next)
        if previous >= 0 { metas[Int(previous)].next = next } else { oldest = next }
        if next >= 0 { metas[Int(next)].previous = previous } else { newest = previous }
    }

    /// True if offsets come near their end and ``rebase(to:)`` is due.
    func needsRebase(at revision: Int) -> Bool {
        revision - base > Int(UInt32.max) - (1 << 24)
    }

    /// Makes a later revision the base. Nobody may ask for changes since before it any more (R13).
    func rebase(to revision: Int) {
        let shift = UInt32(clamping: revision - base)
        for block in revisions.indices {
            for cell in revisions[block].indices {
                let old = revisions[block][cell]
                revisions[block][cell] = old > shift ? old - shift : 0
            }
        }
        for slot in metas.indices {
            let old = metas[slot].lastChange
            metas[slot].lastChange = old > shift ? old - shift : 0
        }
        base = revision
    }
}
