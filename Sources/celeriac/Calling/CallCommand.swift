internal import ArgumentParser
internal import Foundation
internal import WireFormats

/// `celeriac call`: sends any command to a running gateway.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Send a command to a running gateway.",
        discussion: """
            celeriac call worker.ping --json '{"all": true}' --wait
            celeriac call queue.purge --json '{"queue": "mail"}' --expect '{"messagesMax": 100}' --wait

            `celeriac commands` explains every command and its arguments.
            """)

    @Argument(help: "The command, such as worker.ping.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "Its arguments as a JSON object, or - for standard input.", valueName: "json"))
    var json: String = "{}"

    @OptionGroup var options: CallOptions

    func run() async throws {
        let text =
            json == "-"
            ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
            : json
        try await options.perform(name, arguments: try CallOptions.parse(text, "--json"))
    }
}
