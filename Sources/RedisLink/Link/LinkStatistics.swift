/// What a link has done since it was made; only ever rises.
package struct LinkStatistics: Sendable, Equatable {
    /// Commands handed to the socket, the link's own greetings and pings left out.
    package var commands = 0
    /// `PUBLISH` and `SPUBLISH` among them.
    package var publishes = 0
    /// Bytes written.
    package var bytesOut = 0
    /// Bytes read.
    package var bytesIn = 0
    /// Times the link became ready.
    package var connections = 0
    /// Commands refused with `.overloaded`.
    package var overloads = 0
    /// Commands that got no reply in time.
    package var timeouts = 0

    /// All zero.
    package init() {}
}
