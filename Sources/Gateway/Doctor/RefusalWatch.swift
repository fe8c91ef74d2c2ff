internal import EventLoop
internal import Fleet
internal import Ports

/// Remembers what a server's access rules forbade, until it is allowed or was not tried for long.
@LoopActor
final class RefusalWatch {
    /// Commands that are remembered.
    static let limit = 64
    /// Seconds after which a refusal that did not come again is forgotten.
    static let keptSeconds = 600.0

    private let clock: GatewayClock
    private var refusals: [String: (words: String, at: Double)] = [:]

    init(clock: GatewayClock) {
        self.clock = clock
    }

    /// Notes a reply to a command.
    func note(_ command: String, error: String?) {
        guard let error, Self.isForbidden(error) else {
            // Almost always there is nothing to forget.
            if !refusals.isEmpty, error == nil { refusals[command] = nil }
            return
        }
        let name = Self.named(in: error) ?? command
        guard refusals.count < Self.limit || refusals[name] != nil else { return }
        refusals[name] = (error, clock.now())
    }

    /// A new connection: the rules may be others.
    func forget() {
        refusals.removeAll()
    }

    /// What is forbidden now, as one fact; `nil` if nothing is.
    func facts(server: String) -> BrokerFacts.Forbidden? {
        let now = clock.now()
        refusals = refusals.filter { now - $0.value.at < Self.keptSeconds }
        guard let newest = refusals.values.max(by: { $0.at < $1.at }) else { return nil }
        return BrokerFacts.Forbidden(
            server: server, commands: refusals.keys.sorted(), words: newest.words)
    }

    /// Whether a server's error says that the user may not do this.
    static func isForbidden(_ error: String) -> Bool {
        error.contains("NOPERM") || error.contains("ACL failure")
    }

    /// The command that the server's words name; within a script it is another than was sent.
    private static func named(in error: String) -> String? {
        guard error.contains("run the '"), let start = error.firstIndex(of: "'") else { return nil }
        let name = error[error.index(after: start)...].prefix { $0 != "'" }
        let isPlain = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "|")
        }
        return isPlain && 1...32 ~= name.utf8.count ? name.uppercased() : nil
    }
}

/// Passes commands on and shows the replies to a ``RefusalWatch``.
@LoopActor
final class WatchedBroker: BrokerCommands {
    private let broker: any BrokerCommands
    private let watch: RefusalWatch

    init(_ broker: any BrokerCommands, watch: RefusalWatch) {
        self.broker = broker
        self.watch = watch
    }

    var isConnected: Bool { broker.isConnected }

    func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue {
        do throws(BrokerError) {
            let reply = try await broker.send(arguments)
            watch.note(Self.name(of: arguments), error: nil)
            return reply
        } catch {
            if error.code == .refused {
                watch.note(Self.name(of: arguments), error: error.message)
            }
            throw error
        }
    }

    func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
        let replies = try await broker.pipeline(commands)
        for (command, reply) in zip(commands, replies) {
            if case .error(let text) = reply {
                watch.note(Self.name(of: command), error: text)
            } else {
                watch.note(Self.name(of: command), error: nil)
            }
        }
        return replies
    }

    func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
        do throws(BrokerError) {
            return try await broker.transaction(commands)
        } catch {
            if error.code == .refused { watch.note("MULTI", error: error.message) }
            throw error
        }
    }

    private static func name(of arguments: [[UInt8]]) -> String {
        String(decoding: arguments.first?.prefix(32) ?? [], as: UTF8.self).uppercased()
    }
}
