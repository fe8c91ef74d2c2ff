internal import EventLoop
internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

/// Asks the Redis server about itself, for the findings that are about the broker.
///
/// Each question may be refused to this user (ACL) or be unknown to the server (managed Redis):
/// then its answer stays unknown, and nothing is said about it.
@LoopActor
final class BrokerDoctor {
    /// Keys per `SCAN` step.
    private static let scanCount = 1_000
    /// Steps of one search for forgotten answers: a broker may hold millions of other keys.
    private static let scanSteps = 200
    /// Lists of answers that are looked at.
    private static let replyLimit = 1_000
    /// A list of answers that nobody touched for this long is forgotten: askers wait a few seconds.
    private static let forgottenSeconds = 30
    /// Every how many looks forgotten answers are searched.
    private static let scanEvery = 6

    private let broker: any BrokerCommands
    private let settings: CelerySettings
    private let unverified: [String]
    private let cost: CostKeeper
    private let replyKey: String
    private let log: Logger
    private var looks = 0
    private var forgotten: Int?

    init(
        broker: any BrokerCommands, settings: CelerySettings, unverified: [String],
        cost: CostKeeper, replyKey: String, log: Logger
    ) {
        self.cost = cost
        self.broker = broker
        self.settings = settings
        self.unverified = unverified
        self.replyKey = replyKey
        self.log = log
    }

    /// Asks everything; the search for forgotten answers only now and then.
    ///
    /// - Returns: `nil` if the server could not be asked.
    func look() async -> BrokerFacts? {
        var facts = BrokerFacts()
        facts.unverified = unverified
        do throws(BrokerError) {
            let replies = try await broker.pipeline([
                words("INFO", "server"), words("INFO", "memory"), words("INFO", "persistence"),
                words("CONFIG", "GET", "client-output-buffer-limit"),
                words("CONFIG", "GET", "save"), words("INFO", "replication"),
                words("CONFIG", "GET", "stop-writes-on-bgsave-error"),
            ])
            guard replies.count == 7 else { return nil }
            let state = values(of: replies[0...2] + [replies[5]])
            take(state, into: &facts)
            take(limits: pair(replies[3]), into: &facts)
            facts.makesSnapshots = pair(replies[4]).map { !$0.isEmpty }
            facts.diskFailure = diskFailure(
                state, makesSnapshots: facts.makesSnapshots, stops: pair(replies[6]) != "no")
            if settings.isBehindSentinel { try await countListeners(into: &facts) }
            if looks % Self.scanEvery == 0, cost.mayRead(1) {
                forgotten = try await countForgotten()
            }
            looks += 1
            facts.forgottenReplies = forgotten
            return facts
        } catch {
            log.debug("the broker was not examined", metadata: ["error": "\(error.message)"])
            return nil
        }
    }

    private func words(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

    // MARK: - Answers

    /// The lines `name:value` of what `INFO` says.
    private func values(of replies: [RESPValue]) -> [String: String] {
        var values: [String: String] = [:]
        for case .bulk(let bytes) in replies {
            for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                values[String(parts[0])] = String(parts[1].prefix(64))
            }
        }
        return values
    }

    private func take(_ values: [String: String], into facts: inout BrokerFacts) {
        facts.version = values["redis_version"]
        facts.maxmemoryPolicy = values["maxmemory_policy"]
        facts.maxmemory = values["maxmemory"].flatMap { Int($0) }
        facts.usedMemory = values["used_memory"].flatMap { Int($0) }.map {
            $0 - (values["mem_not_counted_for_evict"].flatMap { Int($0) } ?? 0)
        }
        facts.appendsToFile = values["aof_enabled"].map { $0 == "1" }
        facts.isReplica = values["role"].map { $0 == "slave" }
    }

    /// Why Redis answers MISCONF to writes (`writeCommandsDeniedByDiskError` in its server.c).
    private func diskFailure(
        _ values: [String: String], makesSnapshots: Bool?, stops: Bool
    ) -> String? {
        if values["aof_enabled"] == "1", values["aof_last_write_status"] == "err" {
            return "its append-only file could not be written"
        }
        guard values["rdb_last_bgsave_status"] == "err", stops, makesSnapshots != false else {
            return nil
        }
        return "its last snapshot could not be written"
    }

    /// The value in `[name, value]`, as `CONFIG GET` answers.
    private func pair(_ reply: RESPValue) -> String? {
        guard case .array(let parts) = reply, parts.count == 2, case .bulk(let bytes) = parts[1]
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads `normal 0 0 0 slave … pubsub <hard> <soft> <seconds>`.
    private func take(limits text: String?, into facts: inout BrokerFacts) {
        let words = text?.split(separator: " ") ?? []
        guard let place = words.firstIndex(of: "pubsub"), words.count > place + 2 else { return }
        facts.pubsubHardLimit = Int(words[place + 1])
        facts.pubsubSoftLimit = Int(words[place + 2])
    }

    /// Counts who listens on both control channels by a `ping` that is for nobody: workers subscribe
    /// by pattern, and only `PUBLISH` counts those.
    private func countListeners(into facts: inout BrokerFacts) async throws(BrokerError) {
        guard
            let ping = try? ControlMessage(
                .ping, destination: [replyKey], reply: nil, deliveryTag: replyKey
            ).encoded()
        else { return }
        let replies = try await broker.pipeline(
            [settings.pidboxChannel, settings.unnumberedPidboxChannel].map {
                words("PUBLISH") + [$0, ping]
            })
        guard replies.count == 2, case .integer(let usual) = replies[0],
            case .integer(let unnumbered) = replies[1]
        else { return }
        facts.mailboxListeners = Int(usual)
        facts.unnumberedListeners = Int(unnumbered)
    }

    // MARK: - Forgotten answers

    /// Lists of answers that nobody fetched for a while and that no time to live will end.
    private func countForgotten() async throws(BrokerError) -> Int? {
        let names = [
            settings.escaped(settings.keyPrefix) + Array("*.reply.".utf8)
                + settings.escaped("\(settings.controlExchange).pidbox") + [UInt8(ascii: "*")],
            settings.escaped(settings.keyPrefix + CelerySettings.replyKeyStart)
                + [UInt8(ascii: "*")],
        ]
        var lists: Set<[UInt8]> = []
        for pattern in names { try await findLists(pattern, into: &lists) }
        lists.remove(settings.key(replyKey))
        guard !lists.isEmpty else { return 0 }
        let asked = Array(lists)
        cost.charge(2 * asked.count)
        let replies = try await broker.pipeline(
            asked.flatMap { key in
                [words("PTTL") + [key], words("OBJECT", "IDLETIME") + [key]]
            })
        guard replies.count == 2 * asked.count else { return nil }
        var count = 0
        for index in asked.indices {
            // Times to live: -1 is none, -2 that it is gone already.
            guard case .integer(-1) = replies[2 * index] else { continue }
            guard case .integer(let idle) = replies[2 * index + 1] else { return nil }
            if idle >= Self.forgottenSeconds { count += 1 }
        }
        return count
    }

    private func findLists(
        _ pattern: [UInt8], into lists: inout Set<[UInt8]>
    ) async throws(BrokerError) {
        var cursor = Array("0".utf8)
        for _ in 0..<Self.scanSteps {
            let reply = try await broker.send(
                words("SCAN") + [cursor] + words("MATCH") + [pattern]
                    + words("COUNT", "\(Self.scanCount)", "TYPE", "list"))
            cost.charge(1)
            guard case .array(let parts) = reply, parts.count == 2, case .bulk(let next) = parts[0],
                case .array(let keys) = parts[1]
            else { return }
            for case .bulk(let key) in keys where lists.count < Self.replyLimit {
                lists.insert(key)
            }
            cursor = next
            if cursor == Array("0".utf8) { return }
        }
    }
}
