internal import ArgumentParser
internal import WireFormats

/// `celeriac run`: runs a task through a running gateway.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a task through a running gateway.",
        discussion: """
            celeriac run mail.send --args '["a@example.com"]' --kwargs '{"retry": true}' --queue mail --wait

            For chains and callbacks: `celeriac call task.run`.
            """)

    @Argument(help: "Name of the task.")
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

    @OptionGroup var options: CallOptions

    func run() async throws {
        try await options.perform("task.run", arguments: .object(try members()))
    }

    private func members() throws -> [JsonMember] {
        let parsed = [("args", args), ("kwargs", kwargs), ("headers", headers)]
        let texts = [
            ("queue", queue), ("exchange", exchange), ("routingKey", routingKey), ("eta", eta),
            ("shadow", shadow),
        ]
        let numbers = [
            ("countdown", countdown), ("expires", expires), ("softTimeLimit", softTimeLimit),
            ("timeLimit", timeLimit),
        ]
        var members = [JsonMember("task", .string(task))]
        for case (let name, let text?) in parsed {
            members.append(JsonMember(name, try CallOptions.parse(text, "--\(name)")))
        }
        for case (let name, let text?) in texts { members.append(JsonMember(name, .string(text))) }
        for case (let name, let number?) in numbers {
            members.append(JsonMember(name, .number(number)))
        }
        if let priority { members.append(JsonMember("priority", .integer(Int64(priority)))) }
        if let ignoreResult { members.append(JsonMember("ignoreResult", .bool(ignoreResult))) }
        return members
    }
}
