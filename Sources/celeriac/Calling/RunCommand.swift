internal import ArgumentParser
internal import WireFormats

/// `celeriac run`: runs a task through a running gateway.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a task through a running gateway.",
        discussion: """
            celeriac run mail.send --args '["a@example.com"]' --kwargs '{"retry": true}' --queue mail --wait

            For chains, callbacks, headers and exchanges: `celeriac call task.run`.
            """)

    @Argument(help: "Name of the task.")
    var task: String

    @Option(help: ArgumentHelp("Positional arguments as a JSON array.", valueName: "json"))
    var args: String?

    @Option(help: ArgumentHelp("Keyword arguments as a JSON object.", valueName: "json"))
    var kwargs: String?

    @Option(help: "The queue.")
    var queue: String?

    @Option(help: "0 (most urgent) to 9.")
    var priority: Int?

    @Option(help: "Seconds after which it may start.")
    var countdown: Double?

    @Option(help: "When it may start, such as 2026-11-24T12:00:00Z.")
    var eta: String?

    @Option(help: "Seconds after which it is not wanted any more.")
    var expires: Double?

    @Option(help: "Seconds after which its process is killed.")
    var timeLimit: Double?

    @OptionGroup var options: CallOptions

    func run() async throws {
        var members = [JsonMember("task", .string(task))]
        if let args { members.append(JsonMember("args", try CallOptions.parse(args, "--args"))) }
        if let kwargs {
            members.append(JsonMember("kwargs", try CallOptions.parse(kwargs, "--kwargs")))
        }
        if let queue { members.append(JsonMember("queue", .string(queue))) }
        if let priority { members.append(JsonMember("priority", .integer(Int64(priority)))) }
        if let countdown { members.append(JsonMember("countdown", .number(countdown))) }
        if let eta { members.append(JsonMember("eta", .string(eta))) }
        if let expires { members.append(JsonMember("expires", .number(expires))) }
        if let timeLimit { members.append(JsonMember("timeLimit", .number(timeLimit))) }
        try await options.perform("task.run", arguments: .object(members))
    }
}
