/// How often each principal may give commands (R43). A value; time is passed in.
struct CommandRates {
    private var all: [String: TokenBucket] = [:]
    /// By principal and name of the limit.
    private var dangerous: [String: [String: TokenBucket]] = [:]
    /// Principals remembered before those that rest are forgotten.
    static let principals = 1_000

    /// Counts a command.
    ///
    /// - Parameters:
    ///   - destroying: the name of its narrower limit if it destroys work (``CommandSpec/destroying``).
    ///   - now: unix seconds.
    /// - Throws: which limit it is, and when to try again.
    mutating func take(
        _ principal: String, destroying: String? = nil, now: Double
    ) throws(CommandFault) {
        if all.count > Self.principals {
            all = all.filter { !$0.value.isIdle(now: now) }
            dangerous = dangerous.filter { $0.value.values.contains { !$0.isIdle(now: now) } }
        }
        let whole = TokenBucket(rate: CommandLimits.rate, burst: CommandLimits.burst, now: now)
        let wait = all[principal, default: whole].take(now: now)
        guard wait == 0 else {
            throw refusal(
                "at most \(Int(CommandLimits.rate)) per second, \(Int(CommandLimits.burst)) at once",
                wait)
        }
        guard let destroying else { return }
        let narrow = TokenBucket(
            rate: CommandLimits.dangerousPerMinute / 60,
            burst: CommandLimits.dangerousPerMinute, now: now)
        let pause = dangerous[principal, default: [:]][destroying, default: narrow].take(now: now)
        guard pause == 0 else {
            let count = Int(CommandLimits.dangerousPerMinute)
            throw refusal("at most \(count) per minute with \(destroying)", pause)
        }
    }

    private func refusal(_ limit: String, _ wait: Double) -> CommandFault {
        CommandFault(
            .limited, "too many commands: \(limit); try again in \(Int(wait.rounded(.up))) s",
            retryAfterMilliseconds: Int((wait * 1000).rounded(.up)))
    }
}
