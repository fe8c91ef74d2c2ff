/// Which events a reader wants: those that match one pattern of each kind that it names.
///
/// A pattern is a whole text, or a beginning with `*` after it. An event whose name or queue is not
/// known matches only `*`.
package struct EventFilter: Sendable, Hashable {
    /// Patterns of the type; empty for any. So are the others.
    package let types: [String]
    package let names: [String]
    package let queues: [String]
    package let sources: [String]
    /// What its reader may know of: patterns of names and of queues; `nil` if any.
    private var namesShown: [Glob]?
    private var queuesShown: [Glob]?

    /// Everything.
    package static let everything = EventFilter()

    private init() {
        types = []
        names = []
        queues = []
        sources = []
    }

    /// Makes a filter.
    ///
    /// - Throws: `badFilter` if it is beyond the limits.
    package init(
        types: [String], names: [String] = [], queues: [String] = [], sources: [String] = [],
        limits: EventLimits = EventLimits()
    ) throws(SyncError) {
        for list in [types, names, queues, sources] {
            guard list.count <= limits.patterns else {
                throw SyncError(.badFilter, "at most \(limits.patterns) patterns of one kind")
            }
            guard list.allSatisfy({ $0.utf8.count <= limits.patternBytes }) else {
                throw SyncError(.badFilter, "a pattern of more than \(limits.patternBytes) bytes")
            }
        }
        self.types = types
        self.names = names
        self.queues = queues
        self.sources = sources
    }

    /// Whether an event is wanted.
    package func matches(_ event: LoggedEvent) -> Bool {
        Self.matches(event.type, types) && Self.matches(event.source, sources)
            && Self.matches(event.name, names) && Self.matches(event.queue, queues)
            && isShown(event)
    }

    /// The same filter for somebody who may know of some names and queues only; `nil` stands for any. What
    /// is about its source alone is for everybody; what is about something that has no known name, or
    /// queue, is for those whom any may concern.
    package func narrowed(names: [Glob]?, queues: [Glob]?) -> EventFilter {
        var filter = self
        (filter.namesShown, filter.queuesShown) = (names, queues)
        return filter
    }

    private func isShown(_ event: LoggedEvent) -> Bool {
        guard event.subject != nil else { return true }
        return Self.isAny(namesShown, event.name) && Self.isAny(queuesShown, event.queue)
    }

    private static func isAny(_ globs: [Glob]?, _ text: String?) -> Bool {
        guard let globs else { return true }
        return text.map { text in globs.contains { $0.matches(text) } } ?? false
    }

    private static func matches(_ text: String?, _ patterns: [String]) -> Bool {
        patterns.isEmpty || patterns.contains { matches(text, pattern: $0) }
    }

    private static func matches(_ text: String?, pattern: String) -> Bool {
        guard pattern.utf8.last == UInt8(ascii: "*") else { return text == pattern }
        return (text ?? "").utf8.starts(with: pattern.utf8.dropLast())
            && (text != nil || pattern.utf8.count == 1)
    }
}
