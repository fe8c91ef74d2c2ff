internal import Ports
internal import WireFormats

/// One argument of a command: its type with its bounds, and what it means.
struct CommandParameter: Sendable {
    /// Types; each knows the sentence that says what a value must be.
    enum Kind: Sendable {
        /// A name or id: 1 to 255 bytes without control characters.
        case text
        /// Name of a queue, exchange or routing key: a ``text`` that is no key of Celery's own.
        case queue
        /// At least one name or id, no two alike.
        case texts
        /// `true` or `false`.
        case flag
        /// A whole number; `meaning` is added to the range where it needs words.
        case integer(ClosedRange<Int>, meaning: String = "")
        /// Seconds.
        case seconds(ClosedRange<Double>)
        /// ISO 8601 with a zone.
        case instant
        /// Seconds from now, or ISO 8601 with a zone.
        case moment(ClosedRange<Double>)
        /// One of these words.
        case choice([String])
        /// Any JSON array.
        case array(of: String)
        /// A task within this command (``SignatureReader``).
        case signature
        /// At least one such task, at most ``CommandLimits/signatures``.
        case signatures
        /// Any JSON object.
        case object(of: String)
    }

    /// Its name within `args` (or `expect`).
    let name: String
    /// Its type.
    let kind: Kind
    /// What it means, one sentence.
    let help: String
    /// Whether a command without it is refused.
    let isRequired: Bool
    /// Who may use it, if not everybody who may ask for the command.
    var roles: [Role]?
    /// Whether the command destroys work if this is used.
    var isDangerous = false
    /// What a worker must have if this is used.
    var needs: [CommandNeed] = []

    init(_ name: String, _ kind: Kind, isRequired: Bool = false, _ help: String) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
        self.help = help
    }

    /// Arguments of every command for workers.
    static let destination: [CommandParameter] = [
        CommandParameter("workers", .texts, "Names of the workers."),
        CommandParameter(
            "all", .flag,
            "`true` instead of `workers`: every worker that is up when it is accepted."
        ),
    ]

    /// Longest time that an argument may name.
    static let yearSeconds: Double = 366 * 86_400
}

extension CommandParameter {
    /// The type for people, such as `seconds 0 … 60`.
    var typeText: String {
        switch kind {
        case .text, .queue: "text"
        case .texts: "array of texts"
        case .flag: "true or false"
        case .integer(let range, _): "integer \(range.lowerBound) … \(range.upperBound)"
        case .seconds(let range): "seconds \(shortest(range)) … \(Int(range.upperBound))"
        case .instant: "time (ISO 8601 with a zone)"
        case .moment: "seconds from now, or time (ISO 8601 with a zone)"
        case .choice(let words): "one of " + words.map { "`\($0)`" }.joined(separator: " ")
        case .array(let what): "array of \(what)"
        case .object(let what): "object of \(what)"
        case .signature: "object `\(SignatureReader.members)`"
        case .signatures: "array of objects `\(SignatureReader.members)`"
        }
    }

    /// Refuses a value of another type or beyond a bound.
    ///
    /// - Parameter value: the value; `nil` if it is missing.
    func check(_ value: JsonValue?) throws(CommandFault) {
        guard value != nil || isRequired else { return }
        let value = value ?? .null
        switch kind {
        case .text:
            guard let text = value.string else { throw fault("must be a text") }
            try check(text: text)
        case .queue:
            guard let text = value.string else { throw fault("must be a text") }
            try check(text: text)
            if let refusal = QueueKeys.refusal(queue: text) { throw fault(refusal) }
        case .texts: try check(texts: value.array)
        case .flag:
            guard value.bool != nil else { throw fault("must be true or false") }
        case .integer(let range, let meaning):
            guard let number = value.integer, range.contains(Int(number)) else {
                let words =
                    meaning.isEmpty ? "from \(range.lowerBound) to \(range.upperBound)" : meaning
                throw fault("must be a whole number \(words)")
            }
        case .seconds(let range): try check(seconds: value, range)
        case .instant: try check(instant: value)
        case .moment(let range):
            if value.string != nil {
                try check(instant: value)
            } else {
                try check(seconds: value, range)
            }
        case .choice(let words):
            guard let text = value.string, words.contains(text) else {
                throw fault("must be one of \(words.joined(separator: ", "))")
            }
        case .array(let what):
            guard value.array != nil else { throw fault("must be an array of \(what)") }
        case .object(let what):
            guard value.object != nil else { throw fault("must be an object of \(what)") }
        case .signature: try SignatureReader.check(value, name)
        case .signatures: try check(signatures: value.array)
        }
    }

    private func shortest(_ range: ClosedRange<Double>) -> String {
        range.lowerBound == 0 ? "0" : "\(range.lowerBound)"
    }

    private func fault(_ must: String) -> CommandFault { .argument(name, must) }

    private func check(text: String) throws(CommandFault) {
        guard 1...CommandLimits.nameBytes ~= text.utf8.count else {
            throw fault("must be 1 to \(CommandLimits.nameBytes) bytes long")
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw fault("must not hold control characters")
        }
    }

    private func check(texts values: [JsonValue]?) throws(CommandFault) {
        guard let values, !values.isEmpty else {
            throw fault("must be an array of at least one name")
        }
        guard values.count <= CommandLimits.targets else {
            throw CommandFault(
                .tooLarge, "args.\(name) names \(values.count); at most \(CommandLimits.targets)")
        }
        var seen: Set<String> = []
        for value in values {
            guard let text = value.string else { throw fault("must hold texts only") }
            try check(text: text)
            guard seen.insert(text).inserted else { throw fault("names something twice") }
        }
    }

    private func check(signatures values: [JsonValue]?) throws(CommandFault) {
        guard let values, !values.isEmpty else {
            throw fault("must be an array of at least one task")
        }
        guard values.count <= CommandLimits.signatures else {
            throw CommandFault(
                .tooLarge, "args.\(name) has \(values.count); at most \(CommandLimits.signatures)")
        }
        for (index, value) in values.enumerated() {
            try SignatureReader.check(value, "\(name)[\(index)]")
        }
    }

    private func check(
        seconds value: JsonValue, _ range: ClosedRange<Double>
    ) throws(CommandFault) {
        guard let seconds = value.double, range.contains(seconds) else {
            throw fault("must be seconds from \(shortest(range)) to \(Int(range.upperBound))")
        }
    }

    /// A time needs its zone: without one, Celery would read it in the worker's zone.
    private func check(instant value: JsonValue) throws(CommandFault) {
        guard let text = value.string, isInstant(text) else {
            throw fault("must be a time such as 2026-11-23T20:15:00Z or 2026-11-23T21:15:00+01:00")
        }
    }
}
