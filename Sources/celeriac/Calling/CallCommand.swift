internal import ArgumentParser
internal import Foundation
internal import WireFormats

/// `celeriac call`: sends any command to a running gateway.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Send a command to a running gateway.",
        discussion: """
            celeriac call worker.ping '{"all": true}' --wait
            celeriac call queue.purge '{"queue": "mail"}' --expect '{"messagesMax": 100}' --wait

            `celeriac commands` explains every command and its arguments.
            """)

    @Argument(help: "The command, such as worker.ping.")
    var name: String

    @Argument(
        help: ArgumentHelp(
            "Its arguments as a JSON object, or - for standard input.", valueName: "json"))
    var arguments: String?

    @Option(help: ArgumentHelp("The same as an option.", valueName: "json"))
    var json: String?

    @OptionGroup var options: CallOptions

    func validate() throws {
        guard arguments == nil || json == nil else {
            throw ValidationError("give the arguments once: after the name, or with --json")
        }
    }

    func run() async throws {
        let given = arguments ?? json ?? "{}"
        let text =
            given == "-"
            ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
            : given
        try await options.perform(
            name,
            arguments: try CallOptions.parse(
                text, json == nil ? "what follows the command's name" : "--json"))
    }
}
