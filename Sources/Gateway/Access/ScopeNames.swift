internal import LiveSync

/// The names that a ``Scope`` can hold.
package enum ScopeNames {
    /// Topics, and the event log.
    package static let topics = Topics.all.map(\.name) + [Authorization.eventsTopic]
    /// Commands.
    package static let commands = CommandCatalog.all.map(\.name)
}
