internal import ArgumentParser
internal import WireFormats

/// `celeriac run`: runs a task through a running gateway.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a task through a running gateway.",
        discussion: """
            celeriac run mail.send --args '["a@example.com"]' --kwargs '{"retry": true}' --queue mail --wait

            A task may be written as a call, too; so are those that follow it or run beside it. Values are JSON or
            Python literals, options follow the brackets:

            celeriac run 'mail.send("a@example.com", retry=true) queue=mail priority=0' --wait
            celeriac run 'math.add(2, 2)' --chain 'math.multiply(10)' --chain reports.store
            celeriac run 'math.add(1, 1)' --group 'math.add(2, 2)' --chord reports.sum
            celeriac run billing.charge --link receipts.send --link-error 'alerts.page("billing")'

            Steps of a chain and callbacks get the result before them as their first argument, unless they are
            `immutable`: 'logs.rotate() immutable'.
            """)

    @Argument(help: "The task: its name, or a call such as 'math.add(2, 2)'.")
    var task: String

    @Option(help: ArgumentHelp("Positional arguments as a JSON array.", valueName: "json"))
    var args: String?

    @Option(help: ArgumentHelp("Keyword arguments as a JSON object.", valueName: "json"))
    var kwargs: String?

    @Option(help: "The queue.")
    var queue: String?

    @Option(help: "A named exchange instead of a queue.")
    var exchange: String?

    @Option(help: "The routing key for --exchange.")
    var routingKey: String?

    @Option(help: "0 (most urgent) to 9.")
    var priority: Int?

    @Option(help: "Seconds after which it may start.")
    var countdown: Double?

    @Option(help: "When it may start, such as 2026-11-24T12:00:00Z.")
    var eta: String?

    @Option(help: "Seconds after which it is not wanted any more.")
    var expires: Double?

    @Option(help: "Seconds after which the task gets an exception.")
    var softTimeLimit: Double?

    @Option(help: "Seconds after which its process is killed.")
    var timeLimit: Double?

    @Option(help: ArgumentHelp("Headers of your own as a JSON object.", valueName: "json"))
    var headers: String?

    @Option(help: "Name to show instead of the task's.")
    var shadow: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Throw the result away; left out, the task's own setting holds.")
    var ignoreResult: Bool?

    @Option(help: ArgumentHelp("What runs afterwards; once for each step.", valueName: "task"))
    var chain: [String] = []

    @Option(
        help: ArgumentHelp("What runs beside it as one group; once for each.", valueName: "task"))
    var group: [String] = []

    @Option(
        help: ArgumentHelp("Called with the list of all results of the group.", valueName: "task"))
    var chord: String?

    @Option(help: ArgumentHelp("Called with the result; once for each.", valueName: "task"))
    var link: [String] = []

    @Option(help: ArgumentHelp("Called if it fails; once for each.", valueName: "task"))
    var linkError: [String] = []

    @OptionGroup var options: CallOptions

    func validate() throws {
        guard isGroup else { return }
        let single = [
            ("--chain", !chain.isEmpty), ("--link", !link.isEmpty),
            ("--link-error", !linkError.isEmpty), ("--exchange", exchange != nil),
            ("--routing-key", routingKey != nil), ("--shadow", shadow != nil),
        ]
        if let (name, _) = single.first(where: \.1) {
            throw ValidationError("\(name) is for one task, not for --group and --chord")
        }
    }

    func run() async throws {
        let first = try firstTask()
        if isGroup {
            let command = chord == nil ? "task.group" : "task.chord"
            try await options.perform(command, arguments: .object(try members(ofGroup: first)))
        } else {
            try await options.perform("task.run", arguments: .object(try members(of: first)))
        }
    }

    private var isGroup: Bool { !group.isEmpty || chord != nil }

    // MARK: - What is sent

    /// The task with what belongs to it alone.
    private func firstTask() throws -> [JsonMember] {
        var members = try Self.signature(task, "the task").object ?? []
        func add(_ member: JsonMember, _ option: String) throws {
            guard !members.contains(where: { $0.name == member.name }) else {
                throw ValidationError("give \(member.name) once: with the task, or with \(option)")
            }
            members.append(member)
        }
        for case (let name, let text?) in [("args", args), ("kwargs", kwargs)] {
            try add(JsonMember(name, try CallOptions.parse(text, "--\(name)")), "--\(name)")
        }
        if let queue { try add(JsonMember("queue", .string(queue)), "--queue") }
        if let priority { try add(JsonMember("priority", .integer(Int64(priority))), "--priority") }
        return members
    }

    private func members(of first: [JsonMember]) throws -> [JsonMember] {
        guard !first.contains(where: { $0.name == "immutable" }) else {
            throw ValidationError("the first task has no result before it: leave immutable out")
        }
        var members = first + (try delivery())
        for case (let name, let text?) in [
            ("exchange", exchange), ("routingKey", routingKey), ("shadow", shadow),
        ] {
            members.append(JsonMember(name, .string(text)))
        }
        for (name, option, texts) in [
            ("chain", "--chain", chain), ("link", "--link", link),
            ("linkError", "--link-error", linkError),
        ] where !texts.isEmpty {
            members.append(JsonMember(name, try Self.signatures(texts, option)))
        }
        return members
    }

    private func members(ofGroup first: [JsonMember]) throws -> [JsonMember] {
        let others = try Self.signatures(group, "--group").array ?? []
        var members = [JsonMember("tasks", .array([.object(first)] + others))]
        if let queue { members.append(JsonMember("queue", .string(queue))) }
        if let chord { members.append(JsonMember("body", try Self.signature(chord, "--chord"))) }
        return members + (try delivery())
    }

    /// What holds for one task and for each of a group.
    private func delivery() throws -> [JsonMember] {
        var members: [JsonMember] = []
        if let headers {
            members.append(JsonMember("headers", try CallOptions.parse(headers, "--headers")))
        }
        if let eta { members.append(JsonMember("eta", .string(eta))) }
        for case (let name, let number?) in [
            ("countdown", countdown), ("expires", expires), ("softTimeLimit", softTimeLimit),
            ("timeLimit", timeLimit),
        ] {
            members.append(JsonMember(name, .number(number)))
        }
        if let ignoreResult { members.append(JsonMember("ignoreResult", .bool(ignoreResult))) }
        return members
    }

    private static func signatures(_ texts: [String], _ option: String) throws -> JsonValue {
        .array(try texts.map { try signature($0, option) })
    }

    private static func signature(_ text: String, _ option: String) throws -> JsonValue {
        do {
            return try SignatureText.value(text)
        } catch {
            throw ValidationError("\(option) '\(text.prefix(80))': \(error)")
        }
    }
}
