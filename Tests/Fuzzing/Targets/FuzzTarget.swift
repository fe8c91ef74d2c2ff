/// Everything that reads bytes of strangers. Each takes any bytes, and either reads or refuses them: it
/// never traps, and what it read has the properties that its own file names.
enum FuzzTarget: String, CaseIterable {
    /// A client's WebSocket message.
    case frame
    /// JSON, in both dialects.
    case json
    /// What comes on Celery's event channels.
    case event
    /// What lies in Celery's queues and keys: messages, unacknowledged entries, results, replies.
    case message
    /// Redis's replies to commands.
    case resp
    /// Redis's pushes to a subscription.
    case push
    /// A client's `where`.
    case filter
    /// A broker's URL.
    case url
    /// Path, query and headers of an HTTP request.
    case request
    /// Headers of an HTTP request: cookies, credentials, origins, proxies, offers of compression.
    case header
    /// A client's compressed WebSocket message.
    case deflate
    /// A server's WebSocket frames, as `celeriac tail` reads them.
    case stream

    /// Reads the bytes.
    ///
    /// - Throws: the property that does not hold.
    func run(_ bytes: [UInt8]) throws(Violation) {
        switch self {
        case .frame: try fuzzFrame(bytes)
        case .json: try fuzzJson(bytes)
        case .event: try fuzzEvent(bytes)
        case .message: try fuzzMessage(bytes)
        case .resp: try fuzzReplies(bytes)
        case .push: try fuzzPushes(bytes)
        case .filter: try fuzzFilter(bytes)
        case .url: try fuzzURL(bytes)
        case .request: try fuzzRequest(bytes)
        case .header: try fuzzHeader(bytes)
        case .deflate: try fuzzDeflate(bytes)
        case .stream: try fuzzStream(bytes)
        }
    }
}
