internal import ArgumentParser
internal import EventLoop
internal import Foundation
internal import Gateway
internal import Ports
internal import RedisLink
internal import WireFormats

/// Prints what every setting is and where it comes from, then tries the broker.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Print the settings and where they come from, and test the broker.",
        discussion: "Ends with 0 if broker and result backend answer.")

    @OptionGroup var options: ServeSettingsOptions

    func run() async throws {
        let settings = try options.resolve()
        print("settings")
        for entry in settings.entries {
            let text = entry.text.isEmpty ? "-" : entry.text
            print("  \(padded(entry.name.rawValue))\(text)  (\(entry.source))")
        }
        for warning in settings.warnings { print("  ! \(warning)") }
        EventLoop.shared.startThread()
        var isGood = await test("broker", settings.broker, .broker)
        if let results = settings.resultBackend {
            isGood = await test("result backend", results, .resultBackend) && isGood
        }
        guard isGood else { throw ExitCode.failure }
    }

    private func padded(_ name: String) -> String {
        name.padding(toLength: max(22, name.count + 1), withPad: " ", startingAt: 0)
    }

    /// Connects and looks at what a gateway needs of the server.
    private func test(_ title: String, _ text: String, _ role: BrokerURL.Role) async -> Bool {
        print(title)
        let url: BrokerURL
        do throws(CeleryError) {
            url = try BrokerURL(text, role: role)
        } catch {
            print("  ✗ \(error)")
            return false
        }
        let route = BrokerRoute(url)
        for warning in route.warnings { print("  ! \(warning)") }
        return await BrokerTest.run(route)
    }
}

/// One try of a broker.
@LoopActor
private final class BrokerTest {
    private let route: BrokerRoute
    private let connection: RedisConnection
    private let news = AsyncStream.makeStream(of: LinkEvent.self)

    /// Seconds until a server that does not answer is given up.
    private static let patience: Duration = .seconds(5)

    init(_ route: BrokerRoute) {
        self.route = route
        let continuation = news.continuation
        connection = RedisConnection(
            route.configuration.named("check"), onEvent: { continuation.yield($0) })
    }

    static func run(_ route: BrokerRoute) async -> Bool {
        await BrokerTest(route).run()
    }

    private func run() async -> Bool {
        connection.start()
        defer { connection.stop() }
        let deadline = DeadlineTimer(Self.patience, connection)
        defer { deadline.timer.cancel() }
        for await event in news.stream {
            switch event {
            case .connected(let server, _):
                print("  ✓ \(route.description) answers: Redis \(server)")
                await look()
                return true
            case .disconnected(let reason):
                print("  ✗ \(route.description): \(reason)")
                return false
            }
        }
        print("  ✗ \(route.description): no answer within \(Self.patience)")
        return false
    }

    /// Settings of the server that lose messages or events (wire.md 10.1, 10.12, 10.13).
    private func look() async {
        await judge("maxmemory-policy") { value in
            value == "noeviction"
                ? nil : "is \(value): Redis may throw queues away; set maxmemory-policy noeviction"
        }
        await judge("appendonly") { value in
            value == "yes"
                ? nil : "is \(value): queues are lost at a restart of Redis; set appendonly yes"
        }
    }

    private func judge(_ name: String, _ verdict: (String) -> String?) async {
        do throws(BrokerError) {
            let reply = try await connection.send("CONFIG", "GET", name)
            guard case .array(let pair) = reply, pair.count == 2, case .bulk(let bytes) = pair[1]
            else { return }
            let value = String(decoding: bytes, as: UTF8.self)
            print(verdict(value).map { "  ! \(name) \($0)" } ?? "  ✓ \(name) \(value)")
        } catch {
            print("  ! \(name) is not known: \(error.message)")
        }
    }
}

@LoopActor
private final class DeadlineTimer {
    let timer: LoopTimer

    init(_ patience: Duration, _ connection: RedisConnection) {
        timer = LoopTimer(after: patience) {
            connection.onEvent(.disconnected(reason: "no answer within \(patience)"))
        }
    }
}
