import EventLoop
import Fleet
import Logging
import Ports
import Synchronization

@testable import Gateway

/// A gateway whose edges are made here: no broker, no records, one owner of a bearer token for each role.
@LoopActor
enum Lonely {
    /// Makes a gateway that is not started, and what it sends to sockets.
    static func gateway(
        secrets: Secrets = Secrets(), broker: any BrokerCommands = NoBroker(),
        records: NoRecords = NoRecords(),
        access: TokenIsRole = TokenIsRole(), openID: OpenIDProvider? = nil,
        firstAdmin: (any FirstAdmin)? = nil,
        now: @escaping @Sendable () -> Double = { 1_000 }
    ) throws -> (Gateway, Sockets) {
        let gateway = try Gateway(
            edges: Gateway.Edges(
                broker: broker, results: NoBroker(), access: access,
                commandRecords: records, audit: records, revokes: records, trash: records,
                pauses: records,
                recordsHealth: records,
                secrets: secrets,
                openID: openID, firstAdmin: firstAdmin,
                cost: { BrokerCost() }),
            options: GatewayOptions(
                celery: CelerySettings(database: 0), brokerName: "redis://nowhere",
                replyKey: "celeriac.replies.test", origin: "celeriac@test", version: "0",
                // One token is many clients here.
                connectionsPerPrincipal: 1_000_000),
            clock: GatewayClock(now: now), log: Logger(label: "test") { _ in Silence() })
        let sockets = Sockets()
        gateway.output = sockets
        return (gateway, sockets)
    }

    /// What the gateway did with sockets.
    final class Sockets: SocketOutput {
        private(set) var closed: [SocketID: UInt16] = [:]
        private(set) var recognized: Set<SocketID> = []
        private(set) var frames: [SocketID: [SharedFrame]] = [:]
        private(set) var writes: [SocketID: Int] = [:]
        var socketCount: Int { 0 }
        var handshakesRejected: [Int: Int] { [503: 2] }

        /// Frames that a socket has got.
        func count(_ number: UInt64) -> Int { frames[SocketID(number: number)]?.count ?? 0 }

        /// Numbers of the connections whose frames are recorded.
        private var recorded: [SocketID: Int] = [:]

        /// A client says something, which is recorded, and so is what it gets.
        ///
        /// - Parameter isWrong: it is wrong on purpose.
        func say(
            _ text: String, on socket: SocketID, to gateway: Gateway, isWrong: Bool = false
        ) {
            let connection = recorded[socket] ?? FrameRecord.connect()
            if recorded.updateValue(connection, forKey: socket) == nil {
                record(frames[socket] ?? [], on: connection)
            }
            FrameRecord.note(Array(text.utf8), isSent: true, isWrong: isWrong, on: connection)
            gateway.socketReceived(socket, text: Array(text.utf8))
        }

        private func record(_ frames: [SharedFrame], on connection: Int) {
            for frame in frames {
                FrameRecord.note(
                    Array(frame.bytes[frame.payloadOffset...]), isSent: false, on: connection)
            }
        }

        func send(_ frames: [SharedFrame], to socket: SocketID) -> Bool {
            self.frames[socket, default: []] += frames
            if let connection = recorded[socket] { record(frames, on: connection) }
            writes[socket, default: 0] += 1
            return true
        }

        func isDrained(_ socket: SocketID) -> Bool { true }

        func close(_ socket: SocketID, code: UInt16, reason: String) { closed[socket] = code }

        func recognize(_ socket: SocketID) { recognized.insert(socket) }

        func stopListening() {}
    }

    /// Counted names, until there are no more.
    final class Secrets: SecretSource {
        private let made = Atomic(0)
        private let limit: Int

        init(identifiers limit: Int = .max) { self.limit = limit }

        func makeIdentifier() throws(CredentialError) -> String {
            let number = made.wrappingAdd(1, ordering: .relaxed).newValue
            guard number <= limit else {
                throw CredentialError(.noRandomness, "no random numbers for the test")
            }
            return "id\(number)"
        }

        func sha256(_ bytes: [UInt8]) throws(CredentialError) -> [UInt8] { bytes }
        func hmacSHA256(key: [UInt8], message: [UInt8]) throws(CredentialError) -> [UInt8] { key }
        func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool { left == right }
        func makeToken() throws(CredentialError) -> NewToken { NewToken(id: "t", text: "t") }
        func tokenID(of text: String) -> String? { text }
        func makeSecret() throws(CredentialError) -> String { try makeIdentifier() }
        func isSecret(_ text: String) -> Bool { true }
        func csrfToken(session secret: String) throws(CredentialError) -> String { secret }
        func timeCodeStep(
            of code: String, secret: [UInt8], now: Double
        ) throws(CredentialError) -> Int64? { nil }
        func randomUUID() throws(CredentialError) -> String { try makeIdentifier() }
        func taskID(principal: String, key: String) throws(CredentialError) -> String { key }
    }

    /// A bearer token is the name of its role, until that is changed.
    final class TokenIsRole: AccessControl {
        /// What owners of tokens may now; `nil` if nothing any more.
        var changes: [String: Role?] = [:]
        /// What owners of tokens are limited to.
        var scopes: [String: Scope] = [:]
        /// Secrets of browsers' sessions, and whose they are.
        var cookies: [String: String] = [:]
        /// What comes of a user's password.
        var passwords: [String: PasswordAnswer] = [:]
        /// For whom a provider vouched.
        var identities: [ExternalIdentity] = []
        /// What comes of that.
        var identityAnswer = IdentityAnswer.failed
        /// Whose sessions were ended.
        var closed: [String] = []
        /// Whose rights were asked about, by id or by the secret of a session.
        var asked: [String] = []

        private func principal(_ name: String) -> Principal? {
            let role = changes[name] ?? Role(rawValue: name)
            return role.map {
                Principal(id: name, name: name, role: $0, scope: scopes[name] ?? .unlimited)
            }
        }

        func principal(bearer: String, now: Double) async -> Principal? { principal(bearer) }
        /// The public key of a certificate is the name of its owner's token.
        func principal(certificateKey key: [UInt8], now: Double) async -> Principal? {
            principal(String(decoding: key, as: UTF8.self))
        }
        func principal(session secret: String, now: Double) async -> Principal? {
            asked.append(secret)
            return cookies[secret].flatMap { principal($0) }
        }
        func principal(id: String, now: Double) async -> Principal? {
            asked.append(id)
            // As records do: others have their turn meanwhile.
            await Task.yield()
            return principal(id)
        }
        func openSession(
            code: String, now: Double
        ) async -> (secret: String, principal: Principal)? { nil }
        func openSession(
            bearer: String, now: Double
        ) async -> (secret: String, principal: Principal)? { nil }
        func openSession(
            name: String, password: String, totp: String?, now: Double
        ) async -> PasswordAnswer {
            passwords[name] ?? .refused(user: nil)
        }
        func closeSessions(issuer: String, subject: String, now: Double, remote: String) async {
            closed.append("\(issuer) \(subject)")
        }
        func openSession(
            identity: ExternalIdentity, now: Double, remote: String
        ) async -> IdentityAnswer {
            identities.append(identity)
            return identityAnswer
        }
        func closeSession(_ secret: String) async {}
        func closeSessions(of principal: Principal, now: Double, remote: String) async -> Int? {
            closed.append(principal.id)
            return 1
        }
        func csrfToken(session secret: String) -> String { "" }
        func accepts(csrfToken token: String, session secret: String) -> Bool { false }
    }

    /// A broker that is away.
    final class NoBroker: BrokerCommands {
        private let error = BrokerError(.notConnected, "there is no broker")
        let isConnected: Bool

        /// - Parameter seemsThere: whether it goes away in the moment in which something is sent.
        nonisolated init(seemsThere: Bool = false) { isConnected = seemsThere }

        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue { throw error }
        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
            throw error
        }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
            throw error
        }
    }

    /// A broker that holds nothing.
    final class EmptyBroker: BrokerCommands {
        let isConnected = true

        nonisolated init() {}

        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue { .null }
        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
            commands.map { _ in .integer(0) }
        }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
            try await pipeline(commands)
        }
    }

    /// Keeps nothing but what commands left behind.
    final class NoRecords: CommandRecords, AuditLog, RevokeRecords, TrashRecords, PauseRecords,
        RecordsHealth
    {
        var trouble: RecordsError? { nil }
        func probe() async {}
        /// What each command left behind.
        let begun = Mutex<[DesiredState]>([])
        /// The rows as they were last written.
        let rows = Mutex<[String: CommandRecord]>([:])
        /// What each command was to be answered as soon as it was recorded.
        let answers = Mutex<[String: String]>([:])
        /// Who was noted to consume paused queues.
        let consumers = Mutex<[PausedConsumer]>([])

        func begin(
            _ command: CommandRecord, claim: IdempotencyClaim, audit: AuditEntry,
            desired: DesiredState
        ) async throws(RecordsError) -> CommandBeginning {
            begun.withLock { $0.append(desired) }
            rows.withLock { $0[command.id] = command }
            answers.withLock { $0[command.id] = claim.answer }
            try await append(audit)
            return .new
        }
        func leave(
            _ desired: DesiredState, by command: CommandRecord
        ) async throws(RecordsError) {
            begun.withLock { $0.append(desired) }
            rows.withLock { $0[command.id] = command }
        }
        func known(
            _ claim: IdempotencyClaim, now: Double
        ) async throws(RecordsError) -> CommandBeginning { .new }
        func update(
            _ command: CommandRecord, answer: String?, audit: AuditEntry?
        ) async throws(RecordsError) {
            rows.withLock { $0[command.id] = command }
            if let audit { try await append(audit) }
        }
        func key(of command: String) async throws(RecordsError) -> String? { nil }
        func openCommands() async throws(RecordsError) -> [CommandRecord] { [] }
        func recentCommands(
            since: Double, limit: Int
        ) async throws(RecordsError) -> [CommandRecord] { [] }
        /// The lines of the audit, oldest first.
        let audit = Mutex<[AuditLine]>([])

        func append(_ entry: AuditEntry) async throws(RecordsError) {
            audit.withLock { lines in
                let number = (lines.last?.sequence ?? 0) + 1
                lines.append(AuditLine(sequence: number, entry: entry, hash: []))
            }
        }
        func lines(after: Int64, limit: Int) async throws(RecordsError) -> [AuditLine] {
            audit.withLock { lines in Array(lines.filter { $0.sequence > after }.prefix(limit)) }
        }
        func newestLines(
            before: Int64?, limit: Int
        ) async throws(RecordsError) -> [AuditLine] {
            audit.withLock { lines in
                lines.filter { $0.sequence < before ?? .max }.suffix(limit).reversed()
            }
        }
        func verify() async throws(RecordsError) -> AuditVerdict { .intact(lines: 0) }
        func openRevokes(now: Double) async throws(RecordsError) -> [OpenRevoke] { [] }
        func closeRevokes(of taskIDs: [String]) async throws(RecordsError) {}
        func openStampRevokes(now: Double) async throws(RecordsError) -> [OpenStampRevoke] { [] }
        func trash(now: Double) async throws(RecordsError) -> [TrashRecord] { [] }
        func update(_ trash: TrashRecord) async throws(RecordsError) {}
        func forgetTrash(of ids: [String]) async throws(RecordsError) {}
        func pausedQueues() async throws(RecordsError) -> [PausedQueue] { [] }
        func remember(
            _ consumers: [PausedConsumer], of queue: String
        ) async throws(RecordsError) { self.consumers.withLock { $0 += consumers } }
        func forget(consumers workers: [String], of queue: String) async throws(RecordsError) {}
        func closeResumed(queue: String) async throws(RecordsError) {}
    }

    private struct Silence: LogHandler {
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.critical
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {}
    }
}
