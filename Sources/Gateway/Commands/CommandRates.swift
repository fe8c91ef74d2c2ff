/// How often each principal may give commands (R43). A value; time is passed in.
struct CommandRates {
    private var all: [String: TokenBucket] = [:]
    /// By principal and command.
    private var dangerous: [String: [String: TokenBucket]] = [:]
    /// Principals remembered before those that rest are forgotten.
    static let principals = 1_000

    /// Counts a command.
    ///
    /// - Parameters:
    ///   - destroying: its name if it destroys work; each such command has a narrower limit of its own.
    ///   - now: unix seconds.
    /// - Throws: when to try again.
    mutating func take(
        _ principal: String, destroying: String? = nil, now: Double
    ) throws(CommandFault) {
        if all.count > Self.principals {
            all = all.filter { !$0.value.isIdle(now: now) }
            dangerous = dangerous.filter { $0.value.values.contains { !$0.isIdle(now: now) } }
        }
        let whole = TokenBucket(rate: CommandLimits.rate, burst: CommandLimits.burst, now: now)
        var wait = all[principal, default: whole].take(now: now)
        if wait == 0, let destroying {
            let narrow = TokenBucket(
                rate: CommandLimits.dangerousPerMinute / 60,
                burst: CommandLimits.dangerousPerMinute, now: now)
            wait = dangerous[principal, default: [:]][destroying, default: narrow].take(now: now)
        }
        guard wait == 0 else {
            throw CommandFault(
                .limited, "too many commands; try again in \(Int(wait.rounded(.up))) s",
                retryAfterMilliseconds: Int((wait * 1000).rounded(.up)))
        }
    }
}
