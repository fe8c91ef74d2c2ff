package import LiveSync

extension ServerFrame {
    /// The frames of a subscription or window.
    ///
    /// - Parameters:
    ///   - content: what the frame says.
    ///   - subscription: the number the client gave it.
    package static func encode(_ content: FrameContent, subscription: Int) -> [UInt8] {
        switch content {
        case .reset(let notice):
            notification("sub.reset") { writer in
                writer.member("sub", subscription)
                writer.member("reason", notice.reason.rawValue)
                writer.member("epoch", notice.epoch)
            }
        case .snapshot(let part): snapshot(part, subscription)
        case .delta(let part): delta(part, subscription)
        case .viewSnapshot(let part): viewSnapshot(part, subscription)
        case .viewDelta(let part): viewDelta(part, subscription)
        }
    }

    private static func snapshot(_ part: SnapshotPart, _ subscription: Int) -> [UInt8] {
        notification("sub.snap", capacity: part.rows.estimatedBytes + 512) { writer in
            writer.member("sub", subscription)
            writer.member("epoch", part.epoch)
            writer.member("at", part.at)
            writer.member("part", part.part)
            columnar(part.rows, part.schema, &writer)
            writer.member("more", part.more)
        }
    }

    private static func delta(_ part: DeltaPart, _ subscription: Int) -> [UInt8] {
        notification(
            "sub.delta", capacity: part.new.estimatedBytes + part.put.estimatedBytes + 512
        ) { writer in
            writer.member("sub", subscription)
            writer.member("from", part.from)
            writer.member("to", part.to)
            if part.part > 0 { writer.member("part", part.part) }
            if part.more { writer.member("more", true) }
            if !part.gone.isEmpty { handles("gone", part.gone, &writer) }
            if !part.new.isEmpty { pairs("new", part.new, part.schema, &writer) }
            if !part.put.isEmpty { pairs("put", part.put, part.schema, &writer) }
        }
    }

    private static func viewSnapshot(_ part: ViewSnapshotPart, _ subscription: Int) -> [UInt8] {
        notification("view.snap", capacity: part.rows.estimatedBytes + 512) { writer in
            writer.member("sub", subscription)
            writer.member("at", part.at)
            writer.member("part", part.part)
            columnar(part.rows, part.schema, &writer)
            writer.member("more", part.more)
            writer.name("total")
            total(part.total, &writer)
            writer.member("before", part.before)
            writer.name("next")
            cursor(part.next, &writer)
        }
    }

    /// The answer to a `query` (R27).
    package static func result(_ id: RequestID, _ page: QueryPage) -> [UInt8] {
        result(id, capacity: page.rows.estimatedBytes + 512) { writer in
            columnar(page.rows, page.schema, &writer)
            writer.name("next")
            cursor(page.next, &writer)
            writer.member("looked", page.looked)
            if page.isPartial { writer.member("partial", true) }
        }
    }

    private static func cursor(_ place: SortBound?, _ writer: inout JsonWriter) {
        guard let place else {
            writer.null()
            return
        }
        writer.string(PageCursor.encode(place))
    }

    private static func viewDelta(_ part: ViewDeltaPart, _ subscription: Int) -> [UInt8] {
        notification(
            "view.delta", capacity: part.new.estimatedBytes + part.put.estimatedBytes + 512
        ) { writer in
            writer.member("sub", subscription)
            writer.member("from", part.from)
            writer.member("to", part.to)
            if part.part > 0 { writer.member("part", part.part) }
            if part.more { writer.member("more", true) }
            if !part.new.isEmpty { pairs("new", part.new, part.schema, &writer) }
            if !part.put.isEmpty { pairs("put", part.put, part.schema, &writer) }
            if !part.left.isEmpty { handles("left", part.left, &writer) }
            if !part.back.isEmpty { handles("back", part.back, &writer) }
            if let order = part.order { handles("order", order, &writer) }
            writer.name("total")
            total(part.total, &writer)
            writer.member("before", part.before)
        }
    }

    /// `cols` and `rows`: only the columns that some row has, `null` where a row has none.
    private static func columnar(
        _ rows: RowSet, _ schema: TopicSchema, _ writer: inout JsonWriter
    ) {
        let mask = rows.columnMask | 1
        let columns = schema.columns.indices.filter { mask & (1 << UInt64($0)) != 0 }
        writer.name("cols")
        writer.beginArray()
        writer.string("h")
        for column in columns { writer.raw(schema.quotedColumns[column]) }
        writer.endArray()
        writer.name("rows")
        writer.beginArray()
        for row in 0..<rows.count {
            writer.beginArray()
            writer.integer(rows.handles[row])
            var cells = rows.cells(of: row)[...]
            for column in columns {
                if let cell = cells.first, Int(rows.columns[cell]) == column {
                    value(rows.values[cell], &writer)
                    cells = cells.dropFirst()
                } else {
                    writer.null()
                }
            }
            writer.endArray()
        }
        writer.endArray()
    }

    /// `[[handle, {field: value}], …]`.
    private static func pairs(
        _ name: String, _ rows: RowSet, _ schema: TopicSchema, _ writer: inout JsonWriter
    ) {
        writer.name(name)
        writer.beginArray()
        for row in 0..<rows.count {
            writer.beginArray()
            writer.integer(rows.handles[row])
            writer.beginObject()
            for cell in rows.cells(of: row) {
                writer.rawName(schema.quotedColumns[Int(rows.columns[cell])])
                value(rows.values[cell], &writer)
            }
            writer.endObject()
            writer.endArray()
        }
        writer.endArray()
    }

    private static func handles(_ name: String, _ handles: [Int], _ writer: inout JsonWriter) {
        writer.name(name)
        writer.beginArray()
        for handle in handles { writer.integer(handle) }
        writer.endArray()
    }

    private static func total(_ total: WindowTotal, _ writer: inout JsonWriter) {
        switch total {
        case .exact(let count): writer.integer(count)
        case .approximately(let count):
            writer.beginObject()
            writer.member("approx", count)
            writer.endObject()
        }
    }

    private static func value(_ value: FieldValue, _ writer: inout JsonWriter) {
        switch value {
        case .absent: writer.null()
        case .bool(let flag): writer.bool(flag)
        case .int(let number): writer.integer(number)
        case .double(let number): writer.number(number)
        case .text(let text): writer.string(text)
        case .list(let json): writer.raw(Array(json.utf8))
        }
    }
}
