internal import ArgumentParser

/// Version of the program.
let celeriacVersion = "0.1.0"

/// The real-time gateway for Celery.
@main
struct Celeriac: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "celeriac",
        abstract: "The real-time gateway for Celery.",
        version: celeriacVersion,
        subcommands: [
            ServeCommand.self, CheckCommand.self, TokenCommand.self, UserCommand.self,
            AuditCommand.self,
            CommandsCommand.self,
            CallCommand.self, RunCommand.self, TailCommand.self,
        ])
}
