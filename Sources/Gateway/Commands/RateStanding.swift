internal import Ports

/// How much of a limit somebody has left, as HTTP tells it (draft-ietf-httpapi-ratelimit-headers-10).
struct RateStanding: Equatable {
    /// What the limit is called.
    let name: String
    /// How many may come at once, and the seconds in which as many come back.
    let quota: Int
    let window: Int
    /// How many may come now, and the seconds until all of the quota may.
    let remaining: Int
    let reset: Int

    /// Reads a bucket.
    init(_ name: String, _ bucket: TokenBucket, now: Double) {
        self.name = name
        quota = Int(bucket.burst)
        window = Int((bucket.burst / bucket.rate).rounded(.up))
        remaining = bucket.remaining(now: now)
        reset = Int(bucket.refill(now: now).rounded(.up))
    }

    /// The header fields that tell of some limits. Names are words and dots, so they need no escapes (RFC 9651, 3.3.3).
    static func headers(_ standings: [RateStanding]) -> [(name: String, value: String)] {
        func list(_ item: (RateStanding) -> String) -> String {
            standings.map { "\"\($0.name)\";\(item($0))" }.joined(separator: ", ")
        }
        return [
            ("ratelimit-policy", list { "q=\($0.quota);w=\($0.window)" }),
            ("ratelimit", list { "r=\($0.remaining);t=\($0.reset)" }),
        ]
    }
}
