internal import DequeModule

/// What a windowed topic keeps beside its rows: the groups, and the orders that somebody looks at.
///
/// An order costs every change of a row some comparisons, so only the first, which is the default, is
/// kept all the time. Another one is made when a window asks for it (a sort of all rows, about ten
/// milliseconds for 100,000), and let go when no window has used it for a while.
final class WindowTables {
    /// A row came to a place of an order, or left it, or changed its group there.
    struct Touch {
        let bound: SortBound
        /// Where the row was; another one may be there by now.
        let slot: Int32
        let group: Int32
        /// +1 came, -1 left.
        let sign: Int
    }

    /// One order, and what happened in it lately.
    struct Order {
        var index: OrderIndex
        /// Whether it follows the rows; otherwise it is empty.
        var isKept: Bool
        /// Windows that use it.
        var users = 0
        /// When it was first seen to have none; `nil` while it has some.
        var idleSince: Milliseconds?
        /// The newest touches; windows that fell further behind start over.
        var log = Deque<Touch>()
        /// Number of the first touch in the log since the start.
        var logStart = 0

        /// Number that the next touch will get.
        var logEnd: Int { logStart + log.count }
    }

    private let limits: SyncLimits
    private(set) var orders: [Order]
    private(set) var groups: GroupTable
    /// Columns of the orders that are kept, as a mask.
    private(set) var keys: UInt64 = 0

    init(schema: TopicSchema, limits: SyncLimits) {
        self.limits = limits
        self.orders = schema.sortColumns.enumerated().map { number, column in
            Order(index: OrderIndex(column: column), isKept: number == 0)
        }
        self.groups = GroupTable(columns: schema.filterColumns)
        noteKeys()
    }

    private func noteKeys() {
        keys = 0
        for order in orders where order.isKept { keys |= 1 << UInt64(order.index.column) }
    }

    /// A window needs an order: makes it, unless it is there.
    func use(_ order: Int, of rows: RowStore) {
        orders[order].users += 1
        guard !orders[order].isKept else { return }
        orders[order].isKept = true
        orders[order].index = OrderIndex(column: orders[order].index.column, rows: rows)
        noteKeys()
    }

    /// The window is gone.
    func disuse(_ order: Int) {
        orders[order].users -= 1
    }

    /// Lets orders go that no window has used for a while; asked about once a second.
    func release(now: Milliseconds) {
        for order in orders.indices.dropFirst() where orders[order].isKept {
            guard orders[order].users == 0 else {
                orders[order].idleSince = nil
                continue
            }
            let since = orders[order].idleSince ?? now
            orders[order].idleSince = since
            guard now - since >= limits.orderMilliseconds else { continue }
            orders[order] = Order(
                index: OrderIndex(column: orders[order].index.column), isKept: false,
                logStart: orders[order].logEnd)
            noteKeys()
        }
    }

    /// A new row has all its fields.
    func inserted(_ slot: Int, in rows: inout RowStore) {
        let group = groups.number(of: slot, in: rows)
        groups.move(from: -1, to: group)
        rows.setGroup(slot, group)
        for order in orders.indices where orders[order].isKept {
            orders[order].index.insert(slot, in: rows)
            log(slot, group, +1, in: order, rows)
        }
    }

    /// A column is about to change: takes the row out of the orders whose key it is.
    ///
    /// - Parameter taken: orders that it was taken out of already, as a mask.
    /// - Returns: those it is taken out of now.
    func willChange(
        _ slot: Int, _ column: Int, taken: UInt64, in rows: inout RowStore
    ) -> UInt64 {
        var left: UInt64 = 0
        for order in orders.indices where orders[order].isKept {
            let bit: UInt64 = 1 << UInt64(order)
            guard orders[order].index.column == column, taken & bit == 0 else { continue }
            log(slot, rows.metas[slot].group, -1, in: order, rows)
            orders[order].index.remove(slot, in: rows)
            left |= bit
        }
        return left
    }

    /// Fields have changed.
    ///
    /// - Parameter columns: which, as a mask.
    func changed(_ slot: Int, _ columns: UInt64, taken: UInt64, in rows: inout RowStore) {
        let old = rows.metas[slot].group
        var group = old
        if columns & groups.mask != 0 { group = groups.number(of: slot, in: rows) }
        if group != old {
            groups.move(from: old, to: group)
            rows.setGroup(slot, group)
        }
        for order in orders.indices where orders[order].isKept {
            if taken & (1 << UInt64(order)) != 0 {
                orders[order].index.insert(slot, in: rows)
                log(slot, group, +1, in: order, rows)
            } else if group != old {
                log(slot, old, -1, in: order, rows)
                log(slot, group, +1, in: order, rows)
            }
        }
    }

    /// A row is about to be removed.
    func willRemove(_ slot: Int, in rows: inout RowStore) {
        let group = rows.metas[slot].group
        for order in orders.indices where orders[order].isKept {
            log(slot, group, -1, in: order, rows)
            orders[order].index.remove(slot, in: rows)
        }
        groups.move(from: group, to: -1)
        rows.setGroup(slot, -1)
    }

    /// Tidies up between two commits.
    func compact(_ rows: inout RowStore) {
        guard groups.wantsCompaction else { return }
        groups.compact(&rows)
        for order in orders.indices {
            orders[order].logStart = orders[order].logEnd
            orders[order].log.removeAll()
        }
    }

    private func log(_ slot: Int, _ group: Int32, _ sign: Int, in order: Int, _ rows: RowStore) {
        // A window reads what is logged while it is there.
        guard orders[order].users > 0 else { return }
        let bound = orders[order].index.bound(of: slot, in: rows)
        orders[order].log.append(Touch(bound: bound, slot: Int32(slot), group: group, sign: sign))
        if orders[order].log.count > limits.touches {
            orders[order].log.removeFirst()
            orders[order].logStart += 1
        }
    }
}
