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

    /// All rows of a topic, by id.
    func objects(_ schema: TopicSchema, isMasked: Bool) -> [JsonValue] {
        engine.ids(of: engine.topic(named: schema.name)).sorted().compactMap {
            object(schema, $0, isMasked: isMasked)
        }
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
