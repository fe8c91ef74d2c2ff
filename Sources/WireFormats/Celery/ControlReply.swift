/// An item of the reply list: what one worker (or two of the same name) answered.
package struct ControlReply: Sendable {
    /// The question it belongs to; nil if it does not say.
    package var ticket: String?
    /// Node names and what each answered.
    package var answers: [(worker: String, value: JsonValue)]

    /// Reads an item.
    ///
    /// - Throws: `.unsupported` if the app answers in another serializer than JSON.
    package init(decoding bytes: [UInt8]) throws(CeleryError) {
        let envelope = try Envelope(decoding: bytes)
        ticket = Bounded.name(envelope.headers["ticket"])
        guard let members = try envelope.json().object else {
            throw CeleryError(.undecodable, "", "the answer is no object")
        }
        answers = members.prefix(CeleryLimits.maxDestinations).map {
            (Bounded.text($0.name, limit: CeleryLimits.maxNameBytes), $0.value)
        }
    }
}

/// What an answer to a command that changes something says.
package enum ControlAnswer: Sendable, Equatable {
    /// `{"ok": …}`: text for people.
    case ok(String)
    /// `{"error": …}`: text for people.
    case error(String)
    /// Anything else, such as null.
    case other

    /// Reads one worker's answer.
    package init(_ value: JsonValue) {
        if let text = Bounded.repr(value["error"]) {
            self = .error(text)
        } else if let text = Bounded.repr(value["ok"]) {
            self = .ok(text)
        } else {
            self = .other
        }
    }
}
