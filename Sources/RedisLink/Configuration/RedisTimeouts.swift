/// How long things may take on a link.
package struct RedisTimeouts: Sendable, Equatable {
    /// Reaching and entering one server: connect, TLS, AUTH … ready. Name lookup comes on top and
    /// is bounded by the system's resolver.
    package var connect: Duration = .seconds(3)
    /// From sending a command to its reply. When it passes, the connection counts as broken.
    package var command: Duration = .seconds(4)
    /// A command connection that was idle this long sends a `PING`, to notice a silent death.
    package var idlePing: Duration = .seconds(5)
    /// How long one `BRPOP` of a ``BlockingPopLink`` waits on the server.
    package var blockingPop: Duration = .seconds(5)
    /// Pause between two probes of a subscription.
    package var probeInterval: Duration = .seconds(2)
    /// A subscription that hears nothing this long, not even its own `PING`s, is dead. Two probes
    /// are unanswered then.
    package var silence: Duration = .milliseconds(4400)
    /// A probe that the server accepted but that has not arrived after this time proves the
    /// subscription deaf.
    package var probe: Duration = .milliseconds(2400)
    /// As `probe`, while other messages still arrive: the probe waits in line behind a flood.
    package var probeInFlood: Duration = .seconds(15)
    /// While messages come thick and fast, an ingest thread that has emptied its socket lets them
    /// gather this long before it reads again: one system call and one wake-up for many messages.
    package var gathering: Duration = .milliseconds(1)
    /// Upper bound of the first pause before a new attempt; the pause is random below it.
    package var backoffBase: Duration = .milliseconds(100)
    /// Upper bound of every later pause, which doubles up to this.
    package var backoffCap: Duration = .milliseconds(1500)
    /// A link that stayed ready this long starts again with the first pause.
    package var stable: Duration = .seconds(5)

    /// The defaults, which keep faults F1-F4 within their stated times.
    package init() {}
}
