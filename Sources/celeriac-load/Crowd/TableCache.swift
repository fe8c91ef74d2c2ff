internal import WireFormats

/// What a frame makes of a table, worked out once: clients with equal rows that get the same frame have
/// equal rows again. Without it a load tool of thousands of clients would measure its own dictionaries.
struct TableCache {
    private struct Step: Hashable {
        let table: Int
        let frame: Int
    }

    private struct Outcome {
        let table: SyncedTable
        let acknowledged: Int64?
    }

    /// Tables of one revision that a new one is compared with.
    private static let twins = 16

    private var outcomes = RecentTable<Step, Outcome>(limit: 512)
    /// Tables by revision: clients that came to equal rows by different frames go on as one.
    private var tables = RecentTable<Int64, [SyncedTable]>(limit: 64)
    private var made = 0

    /// Applies a frame to a table.
    ///
    /// - Returns: the revision to acknowledge, if the frame wants that.
    mutating func apply(
        _ frame: FrameCache.Frame, _ method: String, _ params: JsonValue,
        to table: inout SyncedTable
    ) -> Int64? {
        let step = Step(table: table.identity, frame: frame.number)
        if let known = outcomes[step] {
            table = known.table
            return known.acknowledged
        }
        made += 1
        let acknowledged = table.apply(method, params, identity: made)
        table = twin(of: table)
        outcomes[step] = Outcome(table: table, acknowledged: acknowledged)
        return acknowledged
    }

    /// An equal table that is known already, or this one, which is known from now on.
    private mutating func twin(of table: SyncedTable) -> SyncedTable {
        var known = tables[table.revision] ?? []
        if let twin = known.first(where: { $0.hasRows(of: table) }) { return twin }
        if known.count < Self.twins {
            known.append(table)
            tables[table.revision] = known
        }
        return table
    }
}
