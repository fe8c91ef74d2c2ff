internal import ArgumentParser
internal import Foundation
internal import WireFormats

/// `celeriac tail`: the fleet's events as they come.
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Print the events of the fleet as they come.",
        discussion: """
            celeriac tail --type 'task-failed' --task 'mail.*'
            celeriac tail --json --from oldest --limit 100

            A pattern is a whole text or a beginning with * after it. What is missing is said by a line of its own. After \
            a lost connection it goes on where it was.
            """)

    @OptionGroup var gateway: GatewayAddress

    @Option(help: ArgumentHelp("Only events of this type; may be repeated.", valueName: "pattern"))
    var type: [String] = []

    @Option(
        help: ArgumentHelp("Only of tasks of this name; may be repeated.", valueName: "pattern"))
    var task: [String] = []

    @Option(help: ArgumentHelp("Only of this queue; may be repeated.", valueName: "pattern"))
    var queue: [String] = []

    @Option(help: ArgumentHelp("Only of this worker; may be repeated.", valueName: "pattern"))
    var worker: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where to begin: now, oldest, or a position as --json prints it.", valueName: "from"))
    var from = "now"

    @Option(help: ArgumentHelp("End after so many events.", valueName: "count"))
    var limit: Int?

    @Flag(help: "One JSON object a line.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Authorities to trust for https, PEM; the system's if left out.", valueName: "file"))
    var caFile: String?

    func validate() throws {
        guard (limit ?? 1) > 0 else { throw ValidationError("--limit must be above 0") }
        guard TailPlace(text: from) != nil else {
            throw ValidationError("--from must be now, oldest, or EPOCH/OFFSET")
        }
    }

    func run() throws {
        guard let place = TailPlace(text: from) else { return }
        var filters: [JsonMember] = []
        for (name, patterns) in [
            ("types", type), ("names", task), ("queues", queue), ("workers", worker),
        ] where !patterns.isEmpty {
            filters.append(JsonMember(name, .array(patterns.map { .string($0) })))
        }
        let tail = Tail(
            url: try gateway.url(), token: try gateway.token(), authorities: caFile,
            filters: filters, place: place, left: limit,
            output: TailOutput(isJson: json))
        do {
            try tail.run()
        } catch let refusal as Tail.Refusal {
            TailOutput.complain("\(refusal)")
            throw ExitCode.failure
        }
    }
}
