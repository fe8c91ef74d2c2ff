internal import Ports

/// What is said to a server before it is used: `AUTH`, `SELECT`, `CLIENT SETNAME`, `INFO server`,
/// `ROLE`, `PING` and an empty transaction, in one write. No `HELLO`: RESP2 is what hiredis 0.14 reads.
///
/// Pure: it gets the replies and tells what they mean.
struct Greeting: ~Copyable {
    private enum Step {
        case auth
        case select(Int)
        case setName
        case info
        case role
        case ping
        case multi
        case discard
    }

    /// The bytes to send, all at once.
    let request: [UInt8]
    /// How many replies it takes.
    let replyCount: Int
    private var steps: ArraySlice<Step>
    private var identity = ServerIdentity()
    private let requiresMaster: Bool

    /// Prepares a greeting.
    ///
    /// - Parameters:
    ///   - login: how to enter.
    ///   - clientName: for `CLIENT SETNAME`; characters the server refuses become `-`.
    ///   - requiresMaster: whether a replica is a failure.
    init(login: RedisLogin, clientName: String, requiresMaster: Bool) {
        var bytes: [UInt8] = []
        var steps: [Step] = []
        func say(_ step: Step, _ words: String...) {
            CommandWriter.append(words.map { Array($0.utf8) }, to: &bytes)
            steps.append(step)
        }
        switch (login.username, login.password) {
        case (nil, nil): break
        case (nil, let password?): say(.auth, "AUTH", password)
        case (let user?, let password): say(.auth, "AUTH", user, password ?? "")
        }
        if login.database != 0 { say(.select(login.database), "SELECT", String(login.database)) }
        say(.setName, "CLIENT", "SETNAME", Self.sanitized(clientName))
        say(.info, "INFO", "server")
        say(.role, "ROLE")
        // All the rest is answered by a server that still reads its data; this is refused with LOADING.
        say(.ping, "PING")
        say(.multi, "MULTI")
        say(.discard, "DISCARD")
        request = bytes
        replyCount = steps.count
        self.steps = steps[...]
        self.requiresMaster = requiresMaster
    }

    /// Takes the next reply.
    ///
    /// - Returns: who the server is, after the last reply; `nil` before.
    /// - Throws: why the server cannot be used.
    mutating func received(_ reply: RESPValue) throws(LinkFailure) -> ServerIdentity? {
        guard let step = steps.popFirst() else {
            throw LinkFailure("the server sent a reply nobody asked for")
        }
        switch (step, reply) {
        case (.auth, .error(let text)):
            throw LinkFailure("AUTH refused: \(ServerText.cleaned(text))")
        case (.select(let number), .error(let text)):
            throw LinkFailure("SELECT \(number) refused: \(ServerText.cleaned(text))")
        case (.info, .bulk(let bytes)):
            readInfo(String(decoding: bytes, as: UTF8.self))
        case (.role, .array(let parts)):
            if case .bulk(let word)? = parts.first {
                identity.role = String(decoding: word, as: UTF8.self)
            }
        case (.multi, .error(let text)):
            identity.transactionRefusal = ServerText.cleaned(text)
        case (.setName, .error(let text)), (.info, .error(let text)), (.role, .error(let text)),
            (.ping, .error(let text)):
            // NOPERM only costs knowledge. NOAUTH or LOADING means that nothing works now.
            guard ServerText.isForbidden(text) else {
                throw LinkFailure("the server refuses: \(ServerText.cleaned(text))")
            }
        default: break
        }
        guard steps.isEmpty else { return nil }
        if requiresMaster, !identity.role.isEmpty, identity.role != "master" {
            throw LinkFailure("the server is a \(identity.role), not the master")
        }
        return identity
    }

    private static func sanitized(_ name: String) -> String {
        String(
            name.unicodeScalars.prefix(64).map {
                (33...126).contains($0.value) ? Character($0) : "-"
            })
    }

    private mutating func readInfo(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "redis_version": identity.version = String(parts[1].prefix(40))
            case "run_id": identity.runID = String(parts[1].prefix(64))
            default: break
            }
        }
    }
}
