internal import EventLoop
internal import Ports

/// Counts what we cause at the broker, and keeps what we do by ourselves below a ceiling.
///
/// A quarter of the ceiling is for questions to the workers, a half for reading keys; the rest is
/// for probes and for the broker's own state, which are few and steady. One round that is dearer than
/// its share is done whole and then paid for by waiting. What people ask for is counted, but never
/// refused for its cost.
@LoopActor
final class CostKeeper {
    /// Commands per minute.
    let ceiling: Int
    private let clock: GatewayClock
    private let measure: @LoopActor () -> BrokerCost
    private var scripted = 0
    private var questions: CostShare
    private var reads: CostShare
    private var samples: [(at: Double, cost: BrokerCost)] = []
    private var putOffAt = -Double.infinity
    /// Rounds of questions or readings that were put off since the start.
    private(set) var putOff = 0

    /// For how long something that was put off is told.
    private static let toldSeconds = 60.0

    init(ceiling: Int, clock: GatewayClock, measure: @escaping @LoopActor () -> BrokerCost) {
        self.ceiling = ceiling
        self.clock = clock
        self.measure = measure
        let now = clock.now()
        questions = CostShare(perMinute: Double(ceiling) / 4, now: now)
        reads = CostShare(perMinute: Double(ceiling) / 2, now: now)
    }

    /// Whether workers may be asked now; each question costs a command, and so does each answer.
    func mayAsk(_ questions: Int, workers: Int) -> Bool {
        note(self.questions.take(questions * (1 + workers), now: clock.now()))
    }

    /// Whether keys may be read now.
    func mayRead(_ commands: Int) -> Bool {
        note(reads.take(commands, now: clock.now()))
    }

    /// How many commands may be spent on reading keys now, of something that is read bit by bit.
    ///
    /// - Parameters:
    ///   - commands: what all of it costs.
    ///   - least: what the smallest useful part costs.
    /// - Returns: 0 if not even that may be read.
    func mayRead(upTo commands: Int, atLeast least: Int) -> Int {
        let granted = reads.take(upTo: commands, atLeast: least, now: clock.now())
        _ = note(granted >= commands)
        return granted
    }

    /// Keys were read beyond what ``mayRead(_:)`` was told.
    func charge(_ commands: Int) {
        reads.charge(commands, now: clock.now())
    }

    /// Commands that the server ran within a script of ours: it counts each of them, no link of ours
    /// does.
    func noteScripted(_ commands: Int) {
        scripted += commands
    }

    private func note(_ isAllowed: Bool) -> Bool {
        if !isAllowed {
            putOff += 1
            putOffAt = clock.now()
        }
        return isAllowed
    }

    /// Whether something was put off within the last minute.
    var isLimited: Bool { clock.now() - putOffAt < Self.toldSeconds }

    /// What we caused since the start.
    var total: BrokerCost {
        var total = measure()
        total.commands += scripted
        return total
    }

    /// What we caused in the last minute; call it about once a second.
    func perMinute() -> BrokerCost {
        let now = clock.now()
        let total = total
        samples.append((now, total))
        while samples.count > 1, samples[1].at <= now - 60 { samples.removeFirst() }
        guard let first = samples.first else { return total }
        // Within the first minute everything since the start counts.
        let base = now - first.at < 60 ? BrokerCost() : first.cost
        var cost = BrokerCost()
        cost.commands = total.commands - base.commands
        cost.publishes = total.publishes - base.publishes
        cost.bytes = total.bytes - base.bytes
        return cost
    }
}
