import LiveSync
import SyncClient

@testable import WireFormats

/// A gateway of one client without sockets: reads its frames, answers them, and notes both sides.
struct Conversation {
    static let schema = TopicSchema(
        name: "workers", kind: .whole, fields: ["state", "active", "load", "queues", "note"],
        filters: ["id", "state"])
    static let taskSchema = TopicSchema(
        name: "tasks", kind: .windows, fields: ["name", "state", "seen"],
        filters: ["name", "state"], sorts: ["seen"])

    let engine: SyncEngine
    let workers: TopicID
    let tasks: TopicID
    var projection = Projection.everything
    var now: Milliseconds = 0
    private(set) var nextCursor = ""
    private var session = SyncSession()
    /// What the client has of each subscription, also of one that it has closed.
    private(set) var held: [Int: (topic: String, table: ClientTable)] = [:]
    private var lines: [String] = []

    init() throws {
        var limits = SyncLimits()
        // Small, so that a snapshot of four rows has parts.
        limits.frameBytes = 600
        engine = SyncEngine(
            epoch: "k3V9", firstRevision: 8_123_000, topics: [Self.schema, Self.taskSchema],
            limits: limits)
        workers = engine.topic(named: "workers")
        tasks = engine.topic(named: "tasks")
    }

    // The gateway's side

    func worker(_ id: String, _ fields: [FieldUpdate]) {
        engine.upsert(workers, id: id, fields)
    }

    func task(_ id: String, seen: Double, _ state: String) {
        engine.upsert(
            tasks, id: id,
            [
                FieldUpdate(1, .text("mail.send")), FieldUpdate(2, .text(state)),
                FieldUpdate(3, .double(seen)),
            ])
    }

    /// Ends the batch, lets a second pass and tells the client.
    mutating func commit() {
        engine.commit(at: now)
        now += 1_000
        serve()
    }

    mutating func serve() {
        while let outgoing = engine.next(for: &session, now: now) {
            server(ServerFrame.encode(outgoing.frame.content, subscription: outgoing.subscription))
            _ = held[outgoing.subscription]?.table.apply(
                outgoing.frame.content, subscription: outgoing.subscription)
            guard let position = Self.position(outgoing.frame.content) else { continue }
            let entry =
                position.isSeries
                ? "[\(outgoing.subscription),\(position.revision),\(position.part)]"
                : "[\(outgoing.subscription),\(position.revision)]"
            note(
                "client",
                #"{"jsonrpc":"2.0","method":"sub.ack","params":{"acks":[\#(entry)]}}"#)
            engine.acknowledge(
                [
                    Acknowledgement(
                        subscription: outgoing.subscription, revision: position.revision,
                        part: position.isSeries ? position.part : nil)
                ], for: &session, now: now)
        }
    }

    private static func position(
        _ content: FrameContent
    ) -> (revision: Int, part: Int, isSeries: Bool)? {
        switch content {
        case .reset: nil
        case .snapshot(let part): (part.at, part.part, true)
        case .viewSnapshot(let part): (part.at, part.part, true)
        case .delta(let part): (part.to, part.part, part.more)
        case .viewDelta(let part): (part.to, part.part, part.more)
        }
    }

    // The client's side

    /// The client sends a frame; the answer and what follows are noted.
    mutating func client(_ text: String) throws {
        note("client", text)
        guard case .request(let id, let call) = try ClientFrame(decoding: Array(text.utf8)) else {
            return
        }
        switch call {
        case .open(let request):
            if request.since == nil { hold(request.subscription, request.topic) }
            let start = try engine.open(
                request, for: &session, projection: projection, now: now)
            let sub = JsonValue.integer(Int64(request.subscription))
            switch start {
            case .delta: server(ServerFrame.result(id, ["sub": sub, "mode": "delta"]))
            case .snapshot(let reason):
                server(
                    ServerFrame.result(
                        id, ["sub": sub, "mode": "snapshot", "reason": .string(reason.rawValue)]))
            }
        case .openView(let request):
            hold(request.subscription, request.topic)
            try engine.openView(request, for: &session, projection: projection, now: now)
            server(
                ServerFrame.result(
                    id, ["sub": .integer(Int64(request.subscription)), "mode": "snapshot"]))
        case .move(let subscription, let after):
            try engine.move(subscription, after: after, for: &session, now: now)
            server(ServerFrame.result(id, ["sub": .integer(Int64(subscription))]))
        case .close(let subscription):
            try engine.close(subscription, for: &session)
            server(ServerFrame.result(id, ["sub": .integer(Int64(subscription))]))
        case .resync(let subscription):
            try engine.resync(subscription, for: &session)
            server(ServerFrame.result(id, ["sub": .integer(Int64(subscription))]))
        case .query(let request):
            let run = try engine.query(request, projection: projection)
            while !run.isDone { run.step(100) }
            server(ServerFrame.result(id, run.page))
        case .start, .refresh, .submit, .plan, .read, .openEvents, .closeEvents: return
        }
        serve()
    }

    private mutating func hold(_ subscription: Int, _ topic: String) {
        held[subscription] = (topic, ClientTable())
    }

    /// The connection breaks; the client keeps its rows.
    mutating func disconnect() {
        session = SyncSession()
        lines.append(#"{"event":"disconnect"}"#)
    }

    // The record

    private mutating func server(_ bytes: [UInt8]) {
        note("server", String(decoding: bytes, as: UTF8.self))
        guard let frame = try? JsonReader.parse(bytes, limits: .celery) else { return }
        if let cursor = frame["params"]?["next"]?.string { nextCursor = cursor }
    }

    private mutating func note(_ side: String, _ frame: String) {
        lines.append("{\"\(side)\":\(frame)}")
    }

    /// The transcript: one frame a line, then the rows of all topics as they are in the gateway, as this
    /// client may see them, by topic and id, and what the client holds of each subscription.
    func text(name: String, about: String) -> String {
        var text = "{\"name\":\"\(name)\",\"about\":\"\(about)\",\n\"frames\":[\n"
        text += lines.joined(separator: ",\n")
        text += "\n],\n\"rows\":{"
        text += [(workers, Self.schema), (tasks, Self.taskSchema)].map { topic, schema in
            let rows = engine.ids(of: topic).sorted().map { id -> String in
                var members = [
                    JsonMember("h", .integer(Int64(engine.handle(of: id, in: topic) ?? 0)))
                ]
                for (column, name) in schema.columns.enumerated() {
                    let value = engine.value(topic, id: id, column: column)
                    if let json = Self.json(value) { members.append(JsonMember(name, json)) }
                }
                return JsonValue.object(members).text()
            }
            return "\n\"\(schema.name)\":[\n" + rows.joined(separator: ",\n") + "\n]"
        }.joined(separator: ",")
        text += "\n},\n\"holds\":{\n"
        text += held.sorted { $0.key < $1.key }.map { number, one in
            "\"\(number)\":\(Self.holding(one.table, of: one.topic))"
        }.joined(separator: ",\n")
        return text + "\n}}\n"
    }

    private static func holding(_ table: ClientTable, of topic: String) -> String {
        let schema = topic == Self.schema.name ? Self.schema : Self.taskSchema
        let rows = table.rows.sorted { $0.key < $1.key }.map { handle, row in
            let members = row.sorted { $0.key < $1.key }.compactMap { column, value in
                json(value).map { JsonMember(schema.columns[column], $0) }
            }
            return JsonMember("\(handle)", .object(members))
        }
        var members = [
            JsonMember("topic", .string(topic)), JsonMember("rev", .integer(Int64(table.revision))),
            JsonMember("rows", .object(rows)),
        ]
        if schema.kind == .windows {
            func handles(_ list: [Int]) -> JsonValue { .array(list.map { .integer(Int64($0)) }) }
            members += [
                JsonMember("order", handles(table.order)),
                JsonMember("left", handles(table.left.sorted())),
                JsonMember("total", total(table.total)),
                JsonMember("before", .integer(Int64(table.before))),
                JsonMember("next", table.next.map { .string(PageCursor.encode($0)) } ?? .null),
            ]
        }
        return JsonValue.object(members).text()
    }

    private static func total(_ total: WindowTotal?) -> JsonValue {
        switch total {
        case nil: .null
        case .exact(let count): .integer(Int64(count))
        case .approximately(let count): ["approx": .integer(Int64(count))]
        }
    }

    private static func json(_ value: FieldValue) -> JsonValue? {
        switch value {
        case .absent: nil
        case .bool(let flag): .bool(flag)
        case .int(let number): .integer(Int64(number))
        case .double(let number): .number(number)
        case .text(let text): .string(text)
        case .list(let json): try? JsonReader.parse(json, limits: .celery)
        }
    }
}
