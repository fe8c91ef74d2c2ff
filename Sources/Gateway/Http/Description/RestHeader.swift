internal import WireFormats

/// A header field of a route's answers, as it is described.
struct RestHeader: Sendable {
    /// Its name.
    let name: String
    /// What it means, one sentence.
    let help: String
    /// Its JSON schema.
    let schema: JsonValue
    /// Whether each answer of the status has it.
    var isCertain = true

    /// Those of the answers of one status.
    static func all(_ status: Int, of route: RestRoute) -> [RestHeader] {
        var headers: [RestHeader] = []
        switch status {
        case 200 where !route.isOpen && route.method == "GET", 304: headers.append(tag)
        case 401: headers.append(challenge)
        case 429, 503: headers.append(pause)
        case 303: headers.append(place)
        case 200...202 where route.isRated: headers.append(place)
        default: break
        }
        return route.isRated ? headers + rates : headers
    }

    private static let text: JsonValue = ["type": "string"]

    private static let tag = RestHeader(
        name: "ETag", help: "Names what was read, for `If-None-Match`.", schema: text)
    private static let challenge = RestHeader(
        name: "WWW-Authenticate", help: "What to come with.", schema: text)
    private static let pause = RestHeader(
        name: "Retry-After", help: "Seconds after which it may go.",
        schema: ["type": "integer", "minimum": 0])
    private static let place = RestHeader(
        name: "Location", help: "Where to go on.", schema: text)

    /// Those that tell of limits. Who may not ask, or asks for nothing, is not told.
    private static let rates = [
        RestHeader(
            name: "RateLimit-Policy",
            help: "The limits of the caller: `q` at once, as many again in `w` seconds.",
            schema: text, isCertain: false),
        RestHeader(
            name: "RateLimit",
            help: "What is left of each: `r` now, all of it in `t` seconds.", schema: text,
            isCertain: false),
    ]
}
