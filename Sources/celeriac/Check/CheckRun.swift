internal import Credentials
internal import EventLoop
internal import Fleet
internal import Foundation
internal import Gateway
internal import Logging
internal import Ports
internal import RedisLink
internal import WireFormats

/// Connects a checkup to its broker for as long as it lasts.
@LoopActor
enum CheckRun {
    /// Performs a checkup of a broker that answers.
    ///
    /// - Parameter seconds: how long to listen to events.
    /// - Throws: if there are no random numbers.
    static func run(_ settings: Settings, _ routes: BrokerRoutes, seconds: Int) async throws
        -> CheckReport
    {
        let secrets = OpenSSLSecrets()
        // What goes wrong is said in the report; the log is for a gateway that runs.
        let log = Logger(label: "celeriac.check") { _ in SwiftLogNoOpLogHandler() }
        let broker = RedisConnection(routes.broker.configuration.named("check"))
        let backend = routes.results ?? routes.broker
        let results = RedisConnection(backend.configuration.named("check-results"))
        let celery = CelerySettings(
            database: routes.broker.database, keyPrefix: settings.brokerKeyPrefix,
            resultPrefix: settings.resultPrefix,
            visibilityTimeout: Double(settings.visibilityTimeout), naming: settings.naming,
            isBehindSentinel: routes.broker.isBehindSentinel)
        let replyKey = CelerySettings.replyKeyStart + (try secrets.makeIdentifier())
        let checkup = Checkup(
            Checkup.Tools(
                broker: broker, results: results, secrets: secrets, settings: celery,
                replyKey: replyKey, unverified: routes.unverified),
            clock: GatewayClock { SteadyClock.shared.now }, log: log)
        let replies = BlockingPopLink(
            routes.broker.configuration.named("check-replies"), key: celery.key(replyKey),
            onItem: { checkup.controlReply($0) })
        let decoder = SharedEventDecoder()
        let events = Subscription<CeleryEvent>(
            routes.broker.configuration.named("check-events"), patterns: celery.eventPatterns,
            probeThrough: broker,
            decode: { _, payload, items in _ = decoder.decode(payload, into: &items) },
            onEvent: { checkup.receive($0) })
        await connected(broker, results)
        replies.start()
        events.start()
        let report = await checkup.run(seconds: seconds)
        events.stop()
        replies.stop()
        // Late answers would lie there for ever.
        _ = try? await broker.send([Array("DEL".utf8), celery.key(replyKey)])
        broker.stop()
        results.stop()
        return report
    }

    /// Starts links to servers that were reached a moment ago; goes on after a few seconds anyway.
    private static func connected(_ links: RedisConnection...) async {
        for link in links {
            let news = AsyncStream.makeStream(of: Void.self)
            link.onEvent = { if case .connected = $0 { news.continuation.finish() } }
            let deadline = LoopTimer(after: .seconds(5)) { news.continuation.finish() }
            link.start()
            for await _ in news.stream {}
            deadline.cancel()
        }
    }
}
