package import WireFormats

/// How this broker's Celery names its keys and channels (wire.md 0; all but `database` have Celery's
/// defaults).
package struct CelerySettings: Sendable, Equatable {
    /// Number of the broker's database; part of channel names.
    package var database: Int
    /// `global_keyprefix` of the broker.
    package var keyPrefix: String
    /// Prefix of result keys, already with its separator.
    package var resultPrefix: String
    /// `event_exchange`.
    package var eventExchange: String
    /// `control_exchange`.
    package var controlExchange: String
    /// `visibility_timeout` of the transport, seconds.
    package var visibilityTimeout: Double
    /// `priority_steps` and `sep` of the transport.
    package var naming: QueueNaming
    /// Whether the broker is found through Sentinel: kombu before 5.4 then names its channels
    /// otherwise.
    package var isBehindSentinel: Bool
    /// Takes secrets out of the texts of users, before anything keeps them.
    package var redactor: Redactor

    /// Makes settings.
    package init(
        database: Int, keyPrefix: String = "", resultPrefix: String = "",
        eventExchange: String = "celeryev", controlExchange: String = "celery",
        visibilityTimeout: Double = 3_600, naming: QueueNaming = .standard,
        isBehindSentinel: Bool = false, redactor: Redactor = .standard
    ) {
        self.database = database
        self.keyPrefix = keyPrefix
        self.resultPrefix = resultPrefix
        self.eventExchange = eventExchange
        self.controlExchange = controlExchange
        self.visibilityTimeout = visibilityTimeout
        self.naming = naming
        self.isBehindSentinel = isBehindSentinel
        self.redactor = redactor
    }

    /// The channel every worker listens to for commands.
    package var pidboxChannel: [UInt8] {
        Array("\(keyPrefix)/\(database).\(controlExchange).pidbox".utf8)
    }

    /// The channel on which workers with a kombu before 5.4 listen if there are Sentinels: the number
    /// of the database is not filled in.
    var unnumberedPidboxChannel: [UInt8] {
        Array("\(keyPrefix)/{db}.\(controlExchange).pidbox".utf8)
    }

    /// Patterns of the event channels, for `PSUBSCRIBE`.
    package var eventPatterns: [[UInt8]] {
        let exchange = escaped("\(keyPrefix)/\(database).\(eventExchange)")
        return [exchange + Array("/*".utf8), exchange]
    }

    /// The pattern of the channels on which results are announced.
    package var resultPattern: [UInt8] {
        escaped("\(resultPrefix)celery-task-meta-") + [UInt8(ascii: "*")]
    }

    /// A queue key of one priority step.
    func queueKey(_ queue: String, step: Int) -> [UInt8] {
        QueueKeys.key(queue, step: step, prefix: keyPrefix, naming: naming)
    }

    /// The mark of a script that must run once for a command; `part` tells its scripts apart.
    func markKey(_ command: String, part: Int = 0) -> [UInt8] {
        key(QueueKeys.markPrefix + command + (part == 0 ? "" : ".\(part)"))
    }

    /// Name of a result's key.
    func resultKey(_ id: String) -> [UInt8] {
        ResultKeys.task(id, prefix: resultPrefix)
    }

    /// Name of a group's key in the result backend, without the suffix of its purpose.
    func groupKey(_ id: String) -> [UInt8] {
        ResultKeys.group(id, prefix: resultPrefix)
    }

    /// The channel on which producers announce tasks.
    var sentChannel: [UInt8] {
        Array("\(keyPrefix)/\(database).\(eventExchange)/task.sent".utf8)
    }

    /// A key that is not a queue's.
    package func key(_ name: String) -> [UInt8] {
        Array((keyPrefix + name).utf8)
    }

    /// Escapes what `PSUBSCRIBE` and `SCAN` would read as a pattern.
    func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if "*?[]\\".utf8.contains(byte) { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        return bytes
    }

    /// How the names of gateways' lists of answers begin.
    package static let replyKeyStart = "celeriac.replies."
}
