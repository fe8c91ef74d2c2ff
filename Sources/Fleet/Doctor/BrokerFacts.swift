/// What a Redis server says about itself, as far as it matters for Celery. What it does not tell,
/// or this user may not ask, is `nil`.
package struct BrokerFacts: Sendable, Equatable {
    /// `redis_version`, such as `7.0.15`.
    package var version: String?
    /// `maxmemory-policy`.
    package var maxmemoryPolicy: String?
    /// `maxmemory`, bytes; 0 = no limit.
    package var maxmemory: Int?
    /// `client-output-buffer-limit pubsub`, bytes; 0 = no limit.
    package var pubsubHardLimit: Int?
    /// The same for the soft limit.
    package var pubsubSoftLimit: Int?
    /// `appendonly`.
    package var appendsToFile: Bool?
    /// Whether snapshots are made by themselves (`save` is not empty).
    package var makesSnapshots: Bool?
    /// Lists of answers to remote control that nobody fetches.
    package var forgottenReplies: Int?
    /// Listeners on the control channel as workers name it.
    package var mailboxListeners: Int?
    /// Listeners on the channel whose name begins with the text `/{db}.`: kombu before 5.4 on
    /// Sentinel.
    package var unnumberedListeners: Int?
    /// `used_memory` without what does not count for eviction, bytes.
    package var usedMemory: Int?
    /// Why Redis refuses writes for the sake of its disk, one clause.
    package var diskFailure: String?
    /// Whether the server is a replica.
    package var isReplica: Bool?
    /// What the servers' access rules forbid us.
    package var forbidden: [Forbidden] = []
    /// Why the result backend cannot be reached, if it is another server that cannot.
    package var resultsReason: String?
    /// Servers whose certificate is not checked because the URL says so: `broker`,
    /// `result backend`.
    package var unverified: [String] = []

    /// Commands that a server's access rules (ACL) forbid.
    package struct Forbidden: Sendable, Equatable {
        /// `broker` or `result backend`.
        package var server: String
        /// Names of commands in capitals, sorted.
        package var commands: [String]
        /// The server's words about the newest of them.
        package var words: String

        /// Makes a set.
        package init(server: String, commands: [String], words: String) {
            self.server = server
            self.commands = commands
            self.words = words
        }
    }

    /// Knows nothing.
    package init() {}
}
