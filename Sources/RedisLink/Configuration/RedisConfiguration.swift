/// Everything a link needs to find, enter and keep a Redis server.
package struct RedisConfiguration: Sendable, Equatable {
    /// How the server is found.
    package var route: RedisRoute
    /// Name shown in `CLIENT LIST`; links add what they are for (`celeriac:events`).
    package var clientName: String
    /// How long things may take.
    package var timeouts: RedisTimeouts
    /// How big things may get.
    package var limits: RedisLimits

    /// Makes a configuration.
    package init(
        route: RedisRoute, clientName: String = "celeriac",
        timeouts: RedisTimeouts = RedisTimeouts(), limits: RedisLimits = RedisLimits()
    ) {
        self.route = route
        self.clientName = clientName
        self.timeouts = timeouts
        self.limits = limits
    }

    /// The same, named for one purpose.
    ///
    /// - Parameter purpose: a short word such as `commands`.
    package func named(_ purpose: String) -> RedisConfiguration {
        var copy = self
        copy.clientName += ":" + purpose
        return copy
    }
}
