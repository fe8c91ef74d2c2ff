internal import Glibc
internal import Ports

/// Writes the head of an answer: status, date, length, and the security headers of every answer.
struct ResponseHead {
    /// The policy of every answer: scripts, styles and connections of this origin only.
    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src 'self' data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

    private static let security: [(String, String)] = [
        ("content-security-policy", contentSecurityPolicy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"
        ),
    ]

    /// Whether the answer goes over TLS; browsers are told to stay with it.
    var isSecure: Bool
    /// Whether the connection goes on afterwards.
    var keepsAlive: Bool

    /// The head's bytes, with the empty line.
    ///
    /// - Parameters:
    ///   - length: the body's length, also if it is not sent (HEAD).
    ///   - seconds: the time now, Unix seconds.
    func bytes(_ response: HttpResponse, length: Int, at seconds: Int) -> [UInt8] {
        var text = "HTTP/1.1 \(response.status) \(Self.reason(response.status))\r\n"
        func add(_ name: String, _ value: String) {
            text += "\(Self.clean(name)): \(Self.clean(value))\r\n"
        }
        add("date", HttpDate.text(seconds))
        if Self.hasLength(response.status) { add("content-length", String(length)) }
        let own = Set(response.headers.map { $0.name.lowercased() })
        for (name, value) in Self.security where !own.contains(name) {
            add(name, value)
        }
        if isSecure { add("strict-transport-security", "max-age=31536000") }
        if !own.contains("cache-control") { add("cache-control", "no-store") }
        if !keepsAlive { add("connection", "close") }
        for (name, value) in response.headers
        where !["content-length", "connection", "date"].contains(name.lowercased()) {
            add(name, value)
        }
        return Array((text + "\r\n").utf8)
    }

    private static func hasLength(_ status: Int) -> Bool {
        status >= 200 && status != 204 && status != 304
    }

    /// A header's name or value without line ends: nothing of a handler's can start a new header.
    private static func clean(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return text }
        return String(decoding: text.utf8.filter { $0 >= 0x20 && $0 != 0x7f }, as: UTF8.self)
    }

    /// The standard words for a status.
    static func reason(_ status: Int) -> String {
        reasons[status] ?? "Status"
    }

    private static let reasons: [Int: String] = [
        200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
        301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
        307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
        401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        406: "Not Acceptable", 409: "Conflict", 410: "Gone", 411: "Length Required",
        412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
        415: "Unsupported Media Type", 417: "Expectation Failed", 422: "Unprocessable Content",
        426: "Upgrade Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
        500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
        503: "Service Unavailable", 504: "Gateway Timeout",
    ]
}
