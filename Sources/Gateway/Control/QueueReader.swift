internal import EventLoop
internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

/// Reads what the broker's keys say about queues: which there are, how long they are, and how many
/// messages are delivered but not acknowledged.
@LoopActor
final class QueueReader {
    /// Binding tables looked at in one discovery.
    private static let exchangeLimit = 1_000
    /// Members of one binding table.
    private static let memberLimit = 10_000
    /// Keys per `SCAN` step.
    private static let scanCount = 1_000
    /// Steps of one discovery: a broker may hold millions of other keys.
    private static let scanSteps = 200
    /// Entries of `unacked` that are looked at in one turn.
    static let unackedLimit = 5_000

    /// What the smallest part of a round of lengths may cost: a length on each of ten priority steps, and
    /// that of `unacked`. The same for all, so that none takes away what another one waits for.
    static let leastReading = 11

    let broker: any BrokerCommands
    let feed: Feed
    let settings: CelerySettings
    let clock: GatewayClock
    let cost: CostKeeper
    let log: Logger

    /// What is read more seldom than the lengths.
    enum Reading: CaseIterable {
        case held, oldest, bindings, unreachable
    }

    /// How exchanges led to queues when that was read last; `nil` before.
    private var bindings: [QueueBinding]?
    /// Readings whose time has come; one that was put off for its cost stays here.
    private var due: Set<Reading> = []
    private var depthRound = ReadingRound<String>()
    var oldestRound = ReadingRound<(queue: String, place: Int)>()
    var unreachableRound = ReadingRound<String>()
    /// How many parts of a round of lengths are read before the next part of anything else.
    var lengthsFirst = 0
    /// Lengths are what people look at: they have most turns.
    static let lengthsTurns = 3

    init(
        broker: any BrokerCommands, feed: Feed, settings: CelerySettings, clock: GatewayClock,
        cost: CostKeeper, log: Logger
    ) {
        self.broker = broker
        self.feed = feed
        self.settings = settings
        self.clock = clock
        self.cost = cost
        self.log = log
    }

    /// Notes that it is time for some readings.
    func note(due readings: Set<Reading>) {
        due.formUnion(readings)
    }

    /// Does what is due, before the lengths are read again: those are read every second, and would
    /// leave nothing for what comes seldom when the ceiling is low.
    func readDue() async {
        for reading in Reading.allCases where due.contains(reading) {
            let isDone =
                switch reading {
                case .held: await readHeld()
                case .oldest: await readOldest()
                case .bindings: await discover()
                case .unreachable: await readUnreachable()
                }
            if isDone { due.remove(reading) }
        }
    }

    /// Looks for queues in kombu's binding tables.
    ///
    /// - Returns: false if it was put off for its cost.
    @discardableResult
    func discover() async -> Bool {
        guard cost.mayRead(1) else { return false }
        do throws(BrokerError) {
            let tables = try await bindingTables()
            guard !tables.isEmpty else {
                bindings = []
                return true
            }
            cost.charge(tables.count)
            let replies = try await broker.pipeline(
                tables.map { [Array("SMEMBERS".utf8), $0] })
            var bindings: [QueueBinding] = []
            for (table, reply) in zip(tables, replies) {
                guard case .array(let members) = reply else { continue }
                let exchange = exchangeName(table)
                for case .bulk(let member) in members.prefix(Self.memberLimit) {
                    guard
                        let binding = QueueKeys.binding(
                            member, exchange: exchange, naming: settings.naming)
                    else { continue }
                    bindings.append(binding)
                }
            }
            self.bindings = bindings
            feed.learn { $0.apply(bindings: bindings, now: clock.now()) }
        } catch {
            log.debug("queues could not be discovered", metadata: ["error": "\(error.message)"])
        }
        return true
    }

    /// Reads the lengths of all known queues in one pipeline, or, if that costs more than may be spent at
    /// once, of the next ones whose turn it is.
    func readDepths() async {
        let steps = settings.naming.steps
        depthRound.begin(feed.fleet.queueNames)
        guard depthRound.count > 0 else { return }
        let granted = cost.mayRead(
            upTo: depthRound.count * steps.count + 1, atLeast: Self.leastReading)
        guard granted > 0 else { return }
        lengthsFirst = max(0, lengthsFirst - 1)
        let names = depthRound.take((granted - 1) / steps.count)
        do throws(BrokerError) {
            let replies = try await broker.pipeline(
                names.flatMap { name in
                    steps.map { [Array("LLEN".utf8), settings.queueKey(name, step: $0)] }
                })
            let unacked = try await unackedByQueue()
            var depths: [QueueDepth] = []
            for (index, name) in names.enumerated() {
                let lengths = replies[index * steps.count..<(index + 1) * steps.count].map {
                    if case .integer(let count) = $0 { Int(count) } else { 0 }
                }
                depths.append(
                    QueueDepth(name: name, steps: lengths, unacked: unacked.flatMap { $0[name] }))
            }
            feed.learn { $0.apply(depths: depths, now: clock.now()) }
        } catch {
            log.debug("queues could not be read", metadata: ["error": "\(error.message)"])
        }
    }

    // MARK: - Keys

    private func bindingTables() async throws(BrokerError) -> [[UInt8]] {
        let pattern = settings.escaped(settings.keyPrefix + "_kombu.binding.") + [UInt8(ascii: "*")]
        var tables: Set<[UInt8]> = []
        var cursor = Array("0".utf8)
        for _ in 0..<Self.scanSteps {
            let reply = try await broker.send([
                Array("SCAN".utf8), cursor, Array("MATCH".utf8), pattern, Array("COUNT".utf8),
                Array("\(Self.scanCount)".utf8), Array("TYPE".utf8), Array("set".utf8),
            ])
            cost.charge(1)
            guard case .array(let parts) = reply, parts.count == 2, case .bulk(let next) = parts[0],
                case .array(let keys) = parts[1]
            else { break }
            for case .bulk(let key) in keys where tables.count < Self.exchangeLimit {
                let name = exchangeName(key)
                guard !name.hasSuffix(".pidbox"), name != settings.eventExchange else { continue }
                tables.insert(key)
            }
            cursor = next
            if cursor == Array("0".utf8) { break }
        }
        return Array(tables)
    }

    private func exchangeName(_ key: [UInt8]) -> String {
        let start = (settings.keyPrefix + "_kombu.binding.").utf8.count
        return String(decoding: key.dropFirst(start), as: UTF8.self)
    }

    /// One step of a scan; of each entry only exchange and routing key, behind a number in place of the
    /// message: messages may be large, and this is read every second.
    private static let unackedScript = """
        local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
        local entries = page[2]
        for i = 2, #entries, 2 do
          local names = string.match(entries[i], '.*}(, *".-", *".-" *%])$')
          if names then entries[i] = '[0' .. names end
        end
        return page
        """

    /// Entries of `unacked` by queue; `nil` if there are too many to count (then nothing is said
    /// rather than something wrong).
    private func unackedByQueue() async throws(BrokerError) -> UnackedCounts? {
        let key = settings.key("unacked")
        guard case .integer(let total) = try await broker.send([Array("HLEN".utf8), key]) else {
            return nil
        }
        let isCounted = total <= Self.unackedLimit
        feed.learn { $0.apply(unackedBeyondBound: isCounted ? nil : Int(total)) }
        guard isCounted else { return nil }
        var counts: [MessageOrigin: Int] = [:]
        guard total > 0 else { return UnackedCounts(counts, bindings: []) }
        var seen: Set<[UInt8]> = []
        var cursor = Array("0".utf8)
        for _ in 0..<Self.scanSteps {
            let parts = try await evaluate(
                Self.unackedScript, [key], String(decoding: cursor, as: UTF8.self), "500")
            cost.charge(2)
            cost.noteScripted(1)
            guard parts.count == 2, case .bulk(let next) = parts[0],
                case .array(let pairs) = parts[1]
            else { return nil }
            for index in stride(from: 0, to: pairs.count - 1, by: 2) {
                guard case .bulk(let tag) = pairs[index], case .bulk(let entry) = pairs[index + 1],
                    seen.insert(tag).inserted, let origin = QueueKeys.origin(ofUnacked: entry)
                else { continue }
                counts[origin, default: 0] += 1
            }
            cursor = next
            guard cursor == Array("0".utf8) else { continue }
            // Where messages of an exchange go is known once its bindings were read.
            guard
                let bindings = bindings
                    ?? (counts.keys.allSatisfy { $0.exchange.isEmpty } ? [] : nil)
            else { return nil }
            return UnackedCounts(counts, bindings: bindings)
        }
        return nil
    }
}
