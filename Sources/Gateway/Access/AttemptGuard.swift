/// Slows down whoever tries one wrong credential after the other, by address or by the name of a user. A
/// value; time is passed in.
///
/// A few attempts are free; after them each failure doubles the time until the next attempt is looked at
/// at all. A success forgets the failures of its address.
struct AttemptGuard {
    /// Failures that cost nothing.
    static let free = 5
    /// Seconds that one waits at most.
    static let longestWait = 60.0
    /// Seconds without a failure after which an address is forgotten.
    static let memory = 900.0
    /// Addresses remembered; those beyond share one count, so that many addresses wash none out.
    static let addresses = 10_000

    private struct Failures {
        var count = 0
        var last = 0.0
    }

    private let key: @Sendable (String) -> String
    private var failures: [String: Failures] = [:]
    private var others = Failures()

    /// No failures yet.
    ///
    /// - Parameter key: what counts as one.
    init(key: @escaping @Sendable (String) -> String = AttemptGuard.group) {
        self.key = key
    }

    /// Seconds until an attempt from an address is looked at; 0 if it is now.
    func wait(for address: String, now: Double) -> Double {
        let known = failures[key(address)] ?? (isFull ? others : Failures())
        guard known.count >= Self.free, now - known.last < Self.memory else { return 0 }
        let wait = min(Self.longestWait, Double(1 << min(known.count - Self.free, 16)))
        return max(0, min(wait, known.last + wait - now))
    }

    /// Whether a failure of an address is remembered.
    func hasFailed(_ address: String, now: Double) -> Bool {
        failures[key(address)].map { now - $0.last < Self.memory } ?? false
    }

    /// Counts a wrong credential.
    mutating func failed(_ address: String, now: Double) {
        let group = key(address)
        if failures[group] == nil, isFull {
            failures = failures.filter { now - $0.value.last < Self.memory }
        }
        guard failures[group] != nil || !isFull else {
            Self.count(&others, now: now)
            return
        }
        Self.count(&failures[group, default: Failures()], now: now)
    }

    /// Forgets the failures of an address.
    mutating func succeeded(_ address: String) {
        failures[key(address)] = nil
    }

    /// Takes back a failure that was counted before it was known whether it is one.
    mutating func withdraw(_ address: String) {
        let group = key(address)
        if let known = failures[group] {
            failures[group]?.count = max(0, known.count - 1)
        } else {
            others.count = max(0, others.count - 1)
        }
    }

    private var isFull: Bool { failures.count >= Self.addresses }

    private static func count(_ failures: inout Failures, now: Double) {
        if now - failures.last >= memory { failures.count = 0 }
        failures.count += 1
        failures.last = now
    }

    /// What counts as one address: an IPv4 address, or the /64 network of an IPv6 address, whose owner
    /// has all the others in it.
    static func group(_ address: String) -> String {
        guard address.contains(":") else { return address }
        let halves = address.split(separator: "%")[0].lowercased()
            .split(separator: ":", omittingEmptySubsequences: false)
        // `::ffff:192.0.2.1` is an IPv4 address.
        if let last = halves.last, last.contains(".") { return String(last) }
        var words: [Substring] = []
        for word in halves {
            guard words.count < 4 else { break }
            if word.isEmpty, !words.isEmpty || address.hasPrefix("::") { break }
            words.append(word)
        }
        while words.count < 4 { words.append("0") }
        return words.joined(separator: ":") + "::/64"
    }
}
