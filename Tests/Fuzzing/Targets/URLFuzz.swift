import WireFormats

/// Stands in for `{s}`; it may not be told if it was meant as a password.
private let secret = "hunter2-7f3a9c"

/// A URL is read or refused, in both roles; what is shown of it has not the password.
///
/// `{s}` in the input is a password, if a colon stands before it and an @ behind it.
func fuzzURL(_ bytes: [UInt8]) throws(Violation) {
    let pattern = String(decoding: bytes, as: UTF8.self)
    let isPassword = pattern.contains(":{s}@") && !elsewhere(pattern)
    let text = pattern.split(separator: "{s}", omittingEmptySubsequences: false)
        .joined(separator: secret)
    for role in [BrokerURL.Role.broker, .resultBackend] {
        let shown = shown(text, role)
        guard isPassword, let told = shown.first(where: { $0.contains(secret) }) else { continue }
        throw Violation("the password is told in: \(told)")
    }
}

/// All that is said about a URL.
private func shown(_ text: String, _ role: BrokerURL.Role) -> [String] {
    do throws(CeleryError) {
        let url = try BrokerURL(
            text, role: role, sentinel: BrokerURL.SentinelOptions(masterName: "mymaster"))
        return [url.redacted, "\(url)", String(reflecting: url)] + url.warnings
    } catch {
        return ["\(error)", error.field, error.message]
    }
}

/// Whether `{s}` stands anywhere else than in a password's place.
private func elsewhere(_ pattern: String) -> Bool {
    pattern.split(separator: ":{s}@", omittingEmptySubsequences: false)
        .contains { $0.contains("{s}") }
}
