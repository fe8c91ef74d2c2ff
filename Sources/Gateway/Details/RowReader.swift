internal import EventLoop
internal import LiveSync
internal import WireFormats

/// Reads rows as JSON, with users' texts hidden from those who may not see them.
@LoopActor
struct RowReader {
    let engine: SyncEngine

    /// One row; `nil` if there is none.
    func object(_ schema: TopicSchema, _ id: String, isMasked: Bool) -> JsonValue? {
        let topic = engine.topic(named: schema.name)
        guard engine.handle(of: id, in: topic) != nil else { return nil }
        let hidden = isMasked ? Topics.texts(of: schema) : []
        var members = [JsonMember("id", .string(id))]
        for (column, name) in schema.columns.enumerated().dropFirst() {
            let value = engine.value(topic, id: id, column: column)
            guard !value.isAbsent else { continue }
            members.append(
                JsonMember(name, hidden.contains(name) ? Self.masked(value) : Self.json(value)))
        }
        return .object(members)
    }

    /// A page of a topic's rows, by id: the first rows behind an id, and the last one's id if there are more.
    func page(
        _ schema: TopicSchema, after: String?, limit: Int, isMasked: Bool
    ) -> (rows: [JsonValue], last: String?) {
        // By bytes: names that Unicode holds for the same are two.
        var ids = engine.ids(of: engine.topic(named: schema.name))
        if let after { ids = ids.filter { after.utf8.lexicographicallyPrecedes($0.utf8) } }
        ids.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let rows = ids.prefix(limit).compactMap { object(schema, $0, isMasked: isMasked) }
        return (rows, ids.count > limit ? ids[limit - 1] : nil)
    }

    /// What stands for a value that is hidden.
    nonisolated static func masked(_ value: FieldValue) -> JsonValue {
        if case .text(let text) = value { return .string("(\(text.count) characters)") }
        return "(hidden)"
    }

    /// A value as it is.
    nonisolated static func json(_ value: FieldValue) -> JsonValue {
        switch value {
        case .absent: .null
        case .bool(let flag): .bool(flag)
        case .int(let number): .integer(Int64(number))
        case .double(let number): .number(number)
        case .text(let text): .string(text)
        case .list(let text): (try? JsonReader.parse(text, limits: .celery)) ?? .null
        }
    }
}
