/// Tells a living subscription from a dead or deaf one (R63). Pure: times come in, as monotonic
/// seconds.
///
/// Two signs are looked at. *Silence*: the server answers each `PING` on the subscription, so a
/// connection that brings no byte at all is dead. *Deafness*: a connection may answer and yet bring
/// no messages, for instance when it leads to another server than the publishers'; then a probe
/// that the server accepted through another connection does not come back.
struct ProbeWatch {
    private struct Probe {
        var number: Int
        var publishedAt: Double
        var isAccepted = false
    }

    private let silence: Double
    private let late: Double
    private let lateInFlood: Double
    private var lastHeard: Double
    private var lastMessage: Double
    private var lastArrival: Double
    private var probes: [Probe] = []
    private var isDeaf = false

    /// More unanswered probes than these say nothing new.
    static let probesKept = 16
    /// A message so recent means that others may wait in line with the probe.
    static let floodSeconds = 1.0

    /// Begins to watch a subscription that was confirmed at `now`.
    init(timeouts: RedisTimeouts, now: Double) {
        silence = timeouts.silence.inSeconds
        late = timeouts.probe.inSeconds
        lateInFlood = timeouts.probeInFlood.inSeconds
        lastHeard = now
        lastMessage = -.infinity
        lastArrival = now
    }

    /// Bytes came.
    mutating func heard(at now: Double) { lastHeard = now }

    /// Messages that are no probes came.
    mutating func received(at now: Double) { lastMessage = now }

    /// A probe is on its way to the server.
    mutating func published(_ number: Int, at now: Double) {
        probes.append(Probe(number: number, publishedAt: now))
        if probes.count > Self.probesKept { probes.removeFirst() }
    }

    /// The server accepted the probe.
    mutating func accepted(_ number: Int) {
        guard let index = probes.firstIndex(where: { $0.number == number }) else { return }
        probes[index].isAccepted = true
    }

    /// A probe came back.
    ///
    /// - Returns: seconds from publishing to arrival; `nil` for a probe that is not ours.
    mutating func arrived(_ number: Int, at now: Double) -> Double? {
        guard let index = probes.firstIndex(where: { $0.number == number }) else { return nil }
        let roundTrip = now - probes[index].publishedAt
        // The earlier ones were lost on their way, but the way works.
        probes.removeFirst(index + 1)
        lastArrival = now
        return roundTrip
    }

    /// Until when messages surely came.
    var lastSign: Double { isDeaf ? lastArrival : lastHeard }

    /// Why the subscription must be given up; `nil` while it lives.
    mutating func verdict(at now: Double) -> String? {
        if now - lastHeard > silence {
            return "nothing heard for \(Self.text(now - lastHeard)) s"
        }
        guard let oldest = probes.first(where: { $0.isAccepted }) else { return nil }
        let age = now - oldest.publishedAt
        let isFlood = now - lastMessage < Self.floodSeconds
        guard age > (isFlood ? lateInFlood : late) else { return nil }
        isDeaf = true
        return "a probe published \(Self.text(age)) s ago has not arrived"
    }

    private static func text(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
