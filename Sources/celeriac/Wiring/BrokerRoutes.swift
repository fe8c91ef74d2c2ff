internal import Gateway
internal import WireFormats

/// Broker and result backend as the settings say.
struct BrokerRoutes: Sendable {
    let broker: BrokerRoute
    /// `nil` if results are at the broker.
    let results: BrokerRoute?

    init(_ settings: Settings) throws(CeleryError) {
        broker = try BrokerRoute(
            BrokerURL(settings.broker, role: .broker, sentinel: settings.sentinel))
        guard let text = settings.resultBackend else {
            results = nil
            return
        }
        results = try BrokerRoute(
            BrokerURL(text, role: .resultBackend, sentinel: settings.resultSentinel))
    }

    /// The servers whose certificate is not checked, as the findings call them.
    var unverified: [String] {
        var names: [String] = []
        if !broker.isVerified { names.append("broker") }
        if results?.isVerified == false { names.append("result backend") }
        return names
    }
}
