/// What a credential is limited to, within what its role may; `nil` where there is no limit.
package struct Scope: Sendable, Equatable {
    /// Topics whose rows may be read; `events` is the event log, `metrics` what `/metrics` answers.
    package var topics: Set<String>?
    /// Commands that may be given.
    package var commands: Set<String>?
    /// Patterns of the queues that it is for; `*` stands for any characters.
    package var queues: Set<String>?
    /// Patterns of the names of the tasks that it is for, likewise.
    package var tasks: Set<String>?

    /// All that the role may.
    package static let unlimited = Scope()
    /// Patterns of queues, and of tasks, at most.
    package static let patterns = 32
    /// Bytes of one of them at most.
    package static let patternBytes = 128

    /// Makes a scope.
    package init(
        topics: Set<String>? = nil, commands: Set<String>? = nil, queues: Set<String>? = nil,
        tasks: Set<String>? = nil
    ) {
        self.topics = topics
        self.commands = commands
        self.queues = queues
        self.tasks = tasks
    }

    /// Whether it limits anything.
    package var isUnlimited: Bool { self == .unlimited }

    /// Why its patterns cannot be taken; `nil` if they can.
    package var refusal: String? {
        for (what, patterns) in [("queue", queues), ("task", tasks)] {
            guard let patterns else { continue }
            guard 1...Self.patterns ~= patterns.count else {
                return "a credential is limited to 1 to \(Self.patterns) \(what) patterns"
            }
            guard
                patterns.allSatisfy({ pattern in
                    1...Self.patternBytes ~= pattern.utf8.count
                        && pattern.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
                })
            else {
                return
                    "a \(what) pattern has 1 to \(Self.patternBytes) bytes and no control characters"
            }
        }
        return nil
    }

    /// What it limits, for people; `nil` if nothing.
    package var text: String? {
        let parts = [
            ("topics", topics), ("commands", commands), ("queues", queues), ("tasks", tasks),
        ].compactMap { name, set in set.map { "\(name) \($0.sorted().joined(separator: " "))" } }
        return parts.isEmpty ? nil : "only " + parts.joined(separator: ", ")
    }
}
