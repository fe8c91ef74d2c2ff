/// What a credential is limited to, within what its role may; `nil` where there is no limit.
package struct Scope: Sendable, Equatable {
    /// Topics whose rows may be read; `events` is the event log, `metrics` what `/metrics` answers.
    package var topics: Set<String>?
    /// Commands that may be given.
    package var commands: Set<String>?

    /// All that the role may.
    package static let unlimited = Scope()

    /// Makes a scope.
    package init(topics: Set<String>? = nil, commands: Set<String>? = nil) {
        self.topics = topics
        self.commands = commands
    }

    /// Whether it limits anything.
    package var isUnlimited: Bool { self == .unlimited }
}
