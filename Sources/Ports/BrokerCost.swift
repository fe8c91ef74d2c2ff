/// What was done at the broker and the result backend since the start; only ever rises.
package struct BrokerCost: Sendable, Equatable {
    /// Commands sent.
    package var commands = 0
    /// `PUBLISH` among them.
    package var publishes = 0
    /// Bytes sent and received on the command connections.
    package var bytes = 0

    /// Nothing yet.
    package init() {}
}
