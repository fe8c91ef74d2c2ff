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
    /// Servers whose certificate is not checked because the URL says so: `broker`,
    /// `result backend`.
    package var unverified: [String] = []

    /// Knows nothing.
    package init() {}
}
