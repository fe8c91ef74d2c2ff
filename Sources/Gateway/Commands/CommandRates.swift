internal import Ports

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
        let wait = all[principal, default: Self.whole(now)].take(now: now)
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

    /// How much of each limit is left to a principal: of that of all commands, and of the narrower ones it
    /// has used lately.
    func standings(of principal: String, now: Double) -> [RateStanding] {
        let narrow = (dangerous[principal] ?? [:]).filter { !$0.value.isIdle(now: now) }
        return [RateStanding("commands", all[principal] ?? Self.whole(now), now: now)]
            + narrow.sorted { $0.key < $1.key }.map { RateStanding($0.key, $0.value, now: now) }
    }

    private static func whole(_ now: Double) -> TokenBucket {
        TokenBucket(rate: CommandLimits.rate, burst: CommandLimits.burst, now: now)
    }

    private func refusal(_ limit: String, _ wait: Double) -> CommandFault {
        CommandFault(
            .limited, "too many commands: \(limit); try again in \(Int(wait.rounded(.up))) s",
            retryAfterMilliseconds: Int((wait * 1000).rounded(.up)))
    }
}
