internal import WireFormats

/// What a frame makes of a table, worked out once: clients with equal rows that get the same frame have
/// equal rows again. Without it a load tool of thousands of clients would measure its own dictionaries.
struct TableCache {
    private struct Step: Hashable {
        let table: Int
        let frame: Int
    }

    /// Outcomes kept at most.
    static let limit = 512

    private var outcomes: [Step: (table: SyncedTable, acknowledged: Int64?)] = [:]
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
        if outcomes.count >= Self.limit { outcomes.removeAll(keepingCapacity: true) }
        outcomes[step] = (table, acknowledged)
        return acknowledged
    }
}
