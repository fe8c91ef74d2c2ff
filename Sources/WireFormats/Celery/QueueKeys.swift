package import Fleet

/// Names of the broker's keys (kombu/transport/redis.py), without a `global_keyprefix`.
package enum QueueKeys {
    /// Separates parts of a key or of a binding, unless a broker's settings say otherwise.
    package static let separator = QueueNaming.standard.separator
    /// Priorities that have a list of their own, unless a broker's settings say otherwise.
    package static let prioritySteps = QueueNaming.standard.steps
    /// Hash: delivery tag → JSON `[message, exchange, routing key]`.
    package static let unacked = "unacked"
    /// Sorted set: delivery tag → unix time of delivery.
    package static let unackedIndex = "unacked_index"
    /// Lock of the restore sweep.
    package static let unackedMutex = "unacked_mutex"
    /// Start of the names of binding tables.
    package static let bindingPrefix = "_kombu.binding."
    /// The same tables again, for queues that do not expire (kombu 5.7).
    package static let permanentPrefix = "_kombu.binding_permanent."

    /// Start of the names of our own keys: marks of scripts that must run once.
    package static let markPrefix = "celeriac.once."
    /// Likewise: what purges have removed.
    package static let trashPrefix = "celeriac.trash."

    /// The step for a priority: the greatest not above it; beyond 9 it is 9.
    package static func step(_ priority: Int, naming: QueueNaming = .standard) -> Int {
        // Below the first one kombu takes the last (`steps[-1]`).
        naming.steps.last { $0 <= min(9, max(0, priority)) } ?? naming.steps.last ?? 0
    }

    /// The list that holds a queue's messages of one step.
    package static func key(
        _ queue: String, step: Int, prefix: String = "", naming: QueueNaming = .standard
    ) -> [UInt8] {
        let suffix = step == 0 ? [] : naming.separator + Array("\(step)".utf8)
        return Array((prefix + queue).utf8) + suffix
    }

    /// All lists of a queue, most urgent first.
    package static func keys(_ queue: String, prefix: String = "") -> [[UInt8]] {
        prioritySteps.map { key(queue, step: $0, prefix: prefix) }
    }

    /// The queue and step that a list key names; the step is nil for a key without one.
    package static func parse(key: [UInt8], prefix: String = "") -> (queue: String, step: Int?)? {
        guard key.starts(with: prefix.utf8) else { return nil }
        let name = key.dropFirst(prefix.utf8.count)
        guard let place = find(separator, in: name) else {
            return (String(decoding: name, as: UTF8.self), nil)
        }
        let step = String(decoding: name[(place + separator.count)...], as: UTF8.self)
        return (String(decoding: name[..<place], as: UTF8.self), Int(step))
    }

    private static func find(_ part: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = part.first else { return nil }
        return bytes.indices.first { bytes[$0] == first && bytes[$0...].starts(with: part) }
    }

    /// Why a queue name must not be used; nil if it may.
    ///
    /// A list under the name of one of kombu's own keys would break every worker that needs that key.
    package static func refusal(queue: String) -> String? {
        if queue.isEmpty { return "must not be empty" }
        if queue.utf8.count > CeleryLimits.maxNameBytes {
            return "must not be longer than \(CeleryLimits.maxNameBytes) bytes"
        }
        if queue.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return "must not contain control characters"
        }
        let reserved = [unacked, unackedIndex, unackedMutex]
        let prefixes = ["_kombu.", "celery-task-meta-", "celery-taskset-meta-"]
        if reserved.contains(queue) || prefixes.contains(where: queue.hasPrefix)
            || queue.hasSuffix(".celery.pidbox")
        {
            return "is the name of a key that Celery needs for itself"
        }
        if [markPrefix, trashPrefix].contains(where: queue.hasPrefix) {
            return "is the name of a key that Celeriac needs for itself"
        }
        return nil
    }

    /// Reads a member of `_kombu.binding.<exchange>`: routing key, pattern and queue.
    package static func binding(
        _ member: [UInt8], exchange: String, naming: QueueNaming = .standard
    ) -> QueueBinding? {
        let rest = member[...]
        let length = naming.separator.count
        guard let first = find(naming.separator, in: rest),
            let second = find(naming.separator, in: rest[(first + length)...])
        else { return nil }
        let queue = String(decoding: member[(second + length)...], as: UTF8.self)
        guard !queue.isEmpty else { return nil }
        return QueueBinding(
            exchange: exchange, routingKey: String(decoding: member[..<first], as: UTF8.self),
            pattern: String(decoding: member[(first + length)..<second], as: UTF8.self),
            queue: queue)
    }

    /// The member that binds a queue directly, as kombu writes it.
    package static func member(routingKey: String, queue: String) -> [UInt8] {
        Array(routingKey.utf8) + separator + separator + Array(queue.utf8)
    }

    /// Whether a topic binding takes a routing key: kombu's own rule, in which `*` is one word and `#`
    /// any text, so that `news.#` does not take `news`.
    ///
    /// - Parameter binding: the binding's routing key, such as `news.#`.
    package static func topic(_ binding: String, takes routingKey: String) -> Bool {
        matches(
            binding.split(separator: ".", omittingEmptySubsequences: false)[...],
            routingKey.split(separator: ".", omittingEmptySubsequences: false)[...])
    }

    private static func matches(
        _ pattern: ArraySlice<Substring>, _ words: ArraySlice<Substring>
    ) -> Bool {
        guard let first = pattern.first else { return words.isEmpty }
        let rest = pattern.dropFirst()
        if first == "#" {
            // Any text, dots included, but the dots around it must stand: at least one (maybe empty) word.
            guard !words.isEmpty else { return false }
            return (1...words.count).contains { matches(rest, words.dropFirst($0)) }
        }
        guard let word = words.first, first == word || (first == "*" && !word.isEmpty) else {
            return false
        }
        return matches(rest, words.dropFirst())
    }
}
