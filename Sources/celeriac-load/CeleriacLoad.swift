internal import ArgumentParser

/// Loads a gateway and measures what its clients see.
@main
struct CeleriacLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "celeriac-load", abstract: "Load a gateway and measure what its clients see.",
        subcommands: [
            LatencyCommand.self, WatchCommand.self, WorkersCommand.self, WindowsCommand.self,
            CrowdCommand.self,
        ])
}
