internal import LiveSync
internal import Ports

/// Makes and judges what a client shows when it comes back (R5): how far it was, in words that only this run
/// of the gateway can write.
///
/// Nobody gets a right by it. It tells a client, before it opens anything, whether its subscriptions can go on
/// from where they were.
struct ResumeTokens {
    /// What is said of a token.
    enum Judgment: String, Equatable {
        /// All that it names can be resumed.
        case resumed
        /// It is of another run: all that it names begins anew.
        case epochChanged = "epoch_changed"
        /// What it names is further back than what is kept.
        case tooOld = "too_old"
        /// It was not written here.
        case invalid
    }

    /// Characters of a token at most: more than 32 subscriptions take.
    static let length = 2_048

    private let secrets: any SecretSource
    private let key: [UInt8]

    init(secrets: any SecretSource) throws(CredentialError) {
        self.secrets = secrets
        key = Array(try secrets.makeSecret().utf8)
    }

    /// The token of a session; `nil` if it has nothing to resume, or nothing can be signed.
    ///
    /// - Parameter expiresAt: milliseconds of the clock that ``judge(_:epoch:now:isKept:)`` is given.
    func make(
        _ positions: [(subscription: Int, revision: Int)], epoch: String, expiresAt: Milliseconds
    ) -> String? {
        guard !positions.isEmpty else { return nil }
        let places = positions.map { "\($0.subscription):\($0.revision)" }.joined(separator: ",")
        let payload = Base64URL.encode(Array("\(epoch)|\(expiresAt)|\(places)".utf8))
        guard let signature = sign(payload) else { return nil }
        return "\(payload).\(signature)"
    }

    /// What a token is good for now.
    ///
    /// - Parameter isKept: whether a revision can be resumed from.
    func judge(
        _ token: String, epoch: String, now: Milliseconds, isKept: (Int) -> Bool
    ) -> Judgment {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= Self.length, parts.count == 2,
            let payload = Base64URL.decode(String(parts[0]))
        else { return .invalid }
        let fields = String(decoding: payload, as: UTF8.self)
            .split(separator: "|", omittingEmptySubsequences: false)
        guard fields.count == 3, let expiresAt = Milliseconds(fields[1]) else { return .invalid }
        // Another run has another key: what it wrote cannot be proven, and is of no use anyway.
        guard fields[0] == epoch else { return .epochChanged }
        guard let signature = sign(String(parts[0])),
            secrets.isEqual(Array(signature.utf8), Array(parts[1].utf8))
        else { return .invalid }
        let revisions = fields[2].split(separator: ",").map {
            $0.split(separator: ":").last.flatMap { Int($0) }
        }
        let areKept = revisions.allSatisfy { $0.map(isKept) ?? false }
        return now < expiresAt && areKept ? .resumed : .tooOld
    }

    private func sign(_ payload: String) -> String? {
        (try? secrets.hmacSHA256(key: key, message: Array(payload.utf8))).map(Base64URL.encode)
    }
}
