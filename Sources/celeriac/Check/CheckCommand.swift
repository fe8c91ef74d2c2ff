internal import ArgumentParser
internal import EventLoop
internal import Foundation
internal import Gateway
internal import WireFormats

/// Prints what every setting is and where it comes from, tries the servers, and then lists what
/// somebody should change about the broker and its workers.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Test the settings, the broker and the workers.",
        discussion: """
            Ends with 0 if broker and result backend answer and no finding is an error. Findings \
            are those that the dashboard shows as alerts; those that need time, such as a worker \
            that accepts nothing for a minute, are seen only by a gateway that runs.
            """)

    @OptionGroup var options: ServeSettingsOptions
    @Flag(help: "Print one JSON object.") var json = false
    @Option(
        help: ArgumentHelp("How long to listen to events, 0 to 300.", valueName: "seconds"))
    var seconds = 6

    func validate() throws {
        guard (0...300).contains(seconds) else {
            throw ValidationError("--seconds must be from 0 to 300")
        }
    }

    func run() async throws {
        let settings = try options.resolve()
        EventLoop.shared.startThread()
        var outcome = CheckText(settings: settings, warnings: settings.warnings)
        do throws(CeleryError) {
            let routes = try BrokerRoutes(settings)
            outcome.warnings += routes.broker.warnings + (routes.results?.warnings ?? [])
            outcome.servers.append(await BrokerTest.run("broker", routes.broker))
            if let results = routes.results {
                outcome.servers.append(await BrokerTest.run("result backend", results))
            }
            if outcome.isGood {
                let seconds = seconds
                do {
                    outcome.report = try await CheckRun.run(settings, routes, seconds: seconds)
                } catch {
                    outcome.warnings.append("the workers were not asked: \(error)")
                }
            }
        } catch {
            outcome.servers.append(
                BrokerTest.Outcome(role: "settings", url: "URL", reason: "\(error)"))
        }
        for line in json ? [outcome.json] : outcome.text { RecordsTool.answer(line) }
        guard outcome.isGood else { throw ExitCode.failure }
    }
}
