internal import WireFormats

/// The rows of one subscription or window as its frames made them (docs/client-protocol.md).
struct SyncedTable {
    /// Fields by name, by handle.
    private(set) var rows: [Int64: [String: JsonValue]] = [:]
    /// Handles in the window's order.
    private(set) var order: [Int64] = []
    /// The revision that the last frame led to.
    private(set) var revision: Int64 = -1
    /// Tables of one identity are equal; 0 is empty.
    private(set) var identity = 0

    /// Whether another table has the same rows, in the same order, of the same revision.
    func hasRows(of other: SyncedTable) -> Bool {
        revision == other.revision && order == other.order && rows == other.rows
    }

    /// Applies a frame.
    ///
    /// - Parameter identity: what the table then is.
    /// - Returns: the revision to acknowledge, if the frame wants that.
    mutating func apply(_ method: String, _ params: JsonValue, identity: Int) -> Int64? {
        defer { self.identity = identity }
        switch method {
        case "sub.reset":
            self = SyncedTable()
            return nil
        case "sub.snap", "view.snap":
            if params["part"]?.integer == 0 { self = SyncedTable() }
            takeSnapshot(params, isWindow: method == "view.snap")
            revision = params["at"]?.integer ?? revision
        case "sub.delta", "view.delta":
            takeDelta(params)
            revision = params["to"]?.integer ?? revision
        default: return nil
        }
        return revision
    }

    private mutating func takeSnapshot(_ params: JsonValue, isWindow: Bool) {
        let names = (params["cols"]?.array ?? []).map { $0.string ?? "" }
        for row in params["rows"]?.array ?? [] {
            var fields: [String: JsonValue] = [:]
            for (name, value) in zip(names, row.array ?? []) where !value.isNull {
                fields[name] = value
            }
            guard let handle = fields.removeValue(forKey: "h")?.integer else { continue }
            rows[handle] = fields
            if isWindow { order.append(handle) }
        }
    }

    private mutating func takeDelta(_ params: JsonValue) {
        for handle in params["gone"]?.array ?? [] { rows[handle.integer ?? -1] = nil }
        for row in params["new"]?.array ?? [] {
            guard let pair = row.array, pair.count == 2, let handle = pair[0].integer else {
                continue
            }
            rows[handle] = [:]
            patch(handle, pair[1])
        }
        for row in params["put"]?.array ?? [] {
            guard let pair = row.array, pair.count == 2, let handle = pair[0].integer else {
                continue
            }
            patch(handle, pair[1])
        }
        guard let handles = params["order"]?.array else { return }
        order = handles.compactMap(\.integer)
        let kept = Set(order)
        rows = rows.filter { kept.contains($0.key) }
    }

    private mutating func patch(_ handle: Int64, _ fields: JsonValue) {
        for field in fields.object ?? [] {
            rows[handle]?[field.name] = field.value.isNull ? nil : field.value
        }
    }
}
