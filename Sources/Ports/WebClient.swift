package import EventLoop

/// A request to another web server.
package struct WebRequest: Sendable, Equatable {
    /// Where to: `https`, or `http` on this machine. Whoever asks has checked that.
    package var url: String
    /// Names and values.
    package var headers: [String: String]
    /// The body of a POST; `nil` makes it a GET.
    package var body: [UInt8]?

    /// Makes a request.
    package init(url: String, headers: [String: String] = [:], body: [UInt8]? = nil) {
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What another web server answered.
package struct WebAnswer: Sendable, Equatable {
    /// The status code.
    package var status: Int
    /// The body, within the client's bound.
    package var body: [UInt8]

    /// Makes an answer.
    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Why there is no answer.
package struct WebError: Error, Equatable, Sendable {
    /// What was attempted and what happened; nothing of what was sent.
    package var message: String

    /// Makes an error.
    package init(_ message: String) { self.message = message }
}

/// Asks other web servers: certificates are verified, redirections are not followed, and time and size have
/// bounds. The loop never waits.
@LoopActor
package protocol WebClient: AnyObject {
    /// The answer to a request, whatever its status.
    func answer(to request: WebRequest) async throws(WebError) -> WebAnswer
}
