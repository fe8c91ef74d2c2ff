internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

/// Reads rows as JSON, as ``Authorization`` lets each reader see them.
@LoopActor
struct RowReader {
    let engine: SyncEngine

    /// One row; `nil` if there is none that the reader may know of.
    func object(_ schema: TopicSchema, _ id: String, for principal: Principal) -> JsonValue? {
        guard let projection = Authorization.projection(of: schema, for: principal) else {
            return nil
        }
        return object(schema, id, projection, isMasked: isMasked(schema, principal))
    }

    private func object(
        _ schema: TopicSchema, _ id: String, _ projection: Projection, isMasked: Bool
    ) -> JsonValue? {
        let topic = engine.topic(named: schema.name)
        guard engine.shows(topic, id: id, to: projection) else { return nil }
        let hidden = isMasked ? Topics.texts(of: schema) : []
        var members = [JsonMember("id", .string(id))]
        for (column, name) in schema.columns.enumerated().dropFirst()
        where projection.shows(column: column) {
            let value = engine.value(topic, id: id, column: column)
            guard !value.isAbsent else { continue }
            members.append(
                JsonMember(name, hidden.contains(name) ? Self.masked(value) : Self.json(value)))
        }
        return .object(members)
    }

    /// A page of a topic's rows that the reader may know of, by id: the first rows behind an id, and the
    /// last one's id if there are more.
    func page(
        _ schema: TopicSchema, after: String?, limit: Int, for principal: Principal
    ) -> (rows: [JsonValue], last: String?) {
        guard let projection = Authorization.projection(of: schema, for: principal) else {
            return ([], nil)
        }
        let topic = engine.topic(named: schema.name)
        let isMasked = isMasked(schema, principal)
        // By bytes: names that Unicode holds for the same are two.
        var ids = engine.ids(of: topic).filter { id in
            (after.map { $0.utf8.lexicographicallyPrecedes(id.utf8) } ?? true)
                && engine.shows(topic, id: id, to: projection)
        }
        ids.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let rows = ids.prefix(limit).compactMap {
            object(schema, $0, projection, isMasked: isMasked)
        }
        return (rows, ids.count > limit ? ids[limit - 1] : nil)
    }

    private func isMasked(_ schema: TopicSchema, _ principal: Principal) -> Bool {
        Authorization.verdict(on: .topic(schema), for: principal) != .everything
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
