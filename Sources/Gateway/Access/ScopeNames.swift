internal import LiveSync

/// The names that a ``Scope`` can hold.
package enum ScopeNames {
    /// Topics, the event log, and `/metrics`.
    package static let topics =
        Topics.all.map(\.name) + [Authorization.eventsTopic, Authorization.metricsTopic]
    /// Commands.
    package static let commands = CommandCatalog.all.map(\.name)
}
