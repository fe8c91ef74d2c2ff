/// The gateway's connections, by the names that `CLIENT LIST` shows behind `celeriac:`.
package enum GatewayLink: String, Sendable, CaseIterable {
    /// Pub/sub of the workers' events.
    case events
    /// Commands to the broker.
    case commands
    /// The list of the workers' answers.
    case replies
    /// Commands to the result backend.
    case results
    /// Pub/sub of the result backend.
    case resultNews = "result-news"
}
