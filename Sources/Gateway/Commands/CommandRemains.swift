internal import Fleet
internal import Ports
internal import WireFormats

/// What a later run of the gateway needs to follow a command for workers on: kept with its record until it
/// has its end.
struct CommandRemains: Equatable, Sendable {
    /// What was asked for, without the names of workers.
    var arguments: JsonValue
    /// The workers that are to do it, or are asked.
    var workers: [String]
    /// Those that have proven their part.
    var proven: [String] = []
    /// Those that have refused -> why.
    var refusals: [String: String] = [:]
    /// Figures of their pools before the command, if its proof is a difference.
    var before: [String: WorkerStats] = [:]

    init(arguments: JsonValue, workers: [String]) {
        let members = (arguments.object ?? []).filter { !["workers", "all"].contains($0.name) }
        self.arguments = .object(members)
        self.workers = workers
    }

    /// Reads what is kept; `nil` if it is none.
    init?(_ text: String) {
        guard let value = try? JsonReader.parse(Array(text.utf8), limits: .celery),
            let arguments = value["arguments"], arguments.object != nil,
            let workers = value["workers"]?.array?.compactMap(\.string)
        else { return nil }
        self.init(arguments: arguments, workers: workers)
        proven = value["proven"]?.array?.compactMap(\.string) ?? []
        for member in value["refusals"]?.object ?? [] {
            refusals[member.name] = member.value.string
        }
        for member in value["before"]?.object ?? [] {
            var stats = WorkerStats()
            stats.pool = member.value["pool"]?.string
            stats.concurrency = member.value["concurrency"]?.integer.map { Int($0) }
            stats.processes = (member.value["processes"]?.array ?? []).compactMap {
                $0.integer.map { Int($0) }
            }
            before[member.name] = stats
        }
    }

    /// JSON text; `nil` if it is too long to be kept.
    var text: String? {
        func texts(_ texts: [String]) -> JsonValue { .array(texts.map(JsonValue.string)) }
        func sorted<Value>(_ values: [String: Value], _ json: (Value) -> JsonValue) -> JsonValue {
            .object(values.sorted { $0.key < $1.key }.map { JsonMember($0.key, json($0.value)) })
        }
        let text = JsonValue.object([
            JsonMember("arguments", arguments), JsonMember("workers", texts(workers)),
            JsonMember("proven", texts(proven)),
            JsonMember("refusals", sorted(refusals) { .string($0) }),
            JsonMember("before", sorted(before, Self.figures)),
        ]).text()
        return text.utf8.count <= CommandLimits.remainsBytes ? text : nil
    }

    private static func figures(_ stats: WorkerStats) -> JsonValue {
        var members: [JsonMember] = []
        if let pool = stats.pool { members.append(JsonMember("pool", .string(pool))) }
        if let slots = stats.concurrency {
            members.append(JsonMember("concurrency", .integer(Int64(slots))))
        }
        let processes = stats.processes.map { JsonValue.integer(Int64($0)) }
        members.append(JsonMember("processes", .array(processes)))
        return .object(members)
    }

    /// What is asked for, read again; `nil` if it cannot be.
    func spec(of command: String) -> CommandSpec? {
        var arguments = arguments.object ?? []
        if (try? CommandCatalog.command(command))?.destination == .workers {
            arguments.append(JsonMember("all", .bool(true)))
        }
        return try? CommandSpec(command, args: .object(arguments)) { _ throws(CommandFault) in
            throw CommandFault(.invalid, "a command for workers starts no task")
        }
    }
}
