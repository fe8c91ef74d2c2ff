internal import ArgumentParser
internal import Foundation
internal import Gateway

/// `celeriac commands`: what can be asked for.
struct CommandsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commands", abstract: "Explain the commands that the gateway takes.")

    @Argument(help: "One command, such as queue.purge; all if left out.")
    var name: String?

    func run() throws {
        let page: String
        if let name {
            guard let section = CommandReference.markdown(of: name) else {
                throw ValidationError(
                    "there is no command \(name); there are "
                        + CommandReference.names.joined(separator: ", "))
            }
            page = section
        } else {
            page = CommandReference.markdown
        }
        FileHandle.standardOutput.write(Data(page.utf8))
    }
}
