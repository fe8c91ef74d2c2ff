import LiveSync

/// What a client keeps of one subscription, by the rules of docs/client-protocol.md; whatever breaks them
/// is noted in `faults`.
package struct ClientTable {
    package typealias Row = [Int: FieldValue]

    package private(set) var rows: [Int: Row] = [:]
    /// -1 before the end of a snapshot.
    package private(set) var revision = -1
    /// The epoch of the revision, as it was told last.
    package private(set) var epoch = ""
    package private(set) var faults: [String] = []
    package private(set) var resets: [ResetReason] = []
    package private(set) var frames = 0
    package private(set) var snapshots = 0
    // Windows
    package private(set) var order: [Int] = []
    package private(set) var left: Set<Int> = []
    package private(set) var total: WindowTotal?
    package private(set) var before = 0
    package private(set) var next: SortBound?

    /// Nothing was told yet.
    package init() {}

    /// Rows by the text of their id; two rows of one id are a fault of the caller's engine.
    package var byID: [String: Row] {
        var result: [String: Row] = [:]
        for row in rows.values {
            if case .text(let id) = row[0] {
                precondition(result[id] == nil, "two rows with the id \(id)")
                result[id] = row
            }
        }
        return result
    }

    /// Ids in the window's order.
    package var orderedIDs: [String] {
        order.compactMap { handle in
            if case .text(let id)? = rows[handle]?[0] { id } else { nil }
        }
    }

    /// Applies a frame and gives the acknowledgement for it.
    package mutating func apply(_ content: FrameContent, subscription: Int = 1) -> Acknowledgement?
    {
        frames += 1
        switch content {
        case .reset(let notice):
            rows = [:]
            revision = -1
            epoch = notice.epoch
            resets.append(notice.reason)
            return nil
        case .snapshot(let part): return apply(part, subscription)
        case .delta(let part): return apply(part, subscription)
        case .viewSnapshot(let part): return apply(part, subscription)
        case .viewDelta(let part): return apply(part, subscription)
        }
    }

    private mutating func apply(_ part: SnapshotPart, _ subscription: Int) -> Acknowledgement {
        if part.part == 0 {
            rows = [:]
            revision = -1
            epoch = part.epoch
            snapshots += 1
        }
        for (handle, row) in Self.rows(part.rows) { rows[handle] = row }
        if !part.more { revision = part.at }
        return Acknowledgement(subscription: subscription, revision: part.at, part: part.part)
    }

    private mutating func apply(_ part: DeltaPart, _ subscription: Int) -> Acknowledgement {
        advance(part.from, part.to)
        for handle in part.gone { rows[handle] = nil }
        merge(part.new, part.put)
        revision = max(revision, part.to)
        return Acknowledgement(subscription: subscription, revision: part.to, part: part.part)
    }

    private mutating func apply(_ part: ViewSnapshotPart, _ subscription: Int) -> Acknowledgement {
        if part.part == 0 {
            rows = [:]
            order = []
            left = []
            snapshots += 1
        }
        for (handle, row) in Self.rows(part.rows) {
            rows[handle] = row
            order.append(handle)
        }
        revision = part.at
        (total, before, next) = (part.total, part.before, part.next)
        return Acknowledgement(subscription: subscription, revision: part.at, part: part.part)
    }

    private mutating func apply(_ part: ViewDeltaPart, _ subscription: Int) -> Acknowledgement {
        advance(part.from, part.to)
        merge(part.new, part.put)
        left.formUnion(part.left)
        left.subtract(part.back)
        if let newOrder = part.order {
            let unknown = newOrder.filter { rows[$0] == nil }
            if !unknown.isEmpty { faults.append("the order names unknown rows \(unknown)") }
            order = newOrder
            rows = rows.filter { newOrder.contains($0.key) }
        }
        (total, before) = (part.total, part.before)
        revision = max(revision, part.to)
        return Acknowledgement(subscription: subscription, revision: part.to, part: part.part)
    }

    private mutating func advance(_ from: Int, _ to: Int) {
        if revision < 0 { faults.append("a delta before the snapshot") }
        if from > revision { faults.append("a delta from \(from), the client is at \(revision)") }
        if to < from { faults.append("a delta backwards") }
    }

    private mutating func merge(_ new: RowSet, _ put: RowSet) {
        for (handle, row) in Self.rows(new) { rows[handle] = row }
        for index in 0..<put.count {
            let handle = put.handles[index]
            guard var row = rows[handle] else {
                faults.append("a patch for the unknown row \(handle)")
                continue
            }
            for cell in put.cells(of: index) {
                row[Int(put.columns[cell])] = put.values[cell].isAbsent ? nil : put.values[cell]
            }
            rows[handle] = row
        }
    }

    private static func rows(_ set: RowSet) -> [(Int, Row)] {
        (0..<set.count).map { index in
            var row: Row = [:]
            for cell in set.cells(of: index) where !set.values[cell].isAbsent {
                row[Int(set.columns[cell])] = set.values[cell]
            }
            return (set.handles[index], row)
        }
    }
}
