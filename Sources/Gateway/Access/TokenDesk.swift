internal import EventLoop
internal import Ports

/// Looks at the bearer tokens that somebody shows: with a request, with a WebSocket's handshake, in
/// `session.start`. Wrong ones are slowed down and come into the audit, wherever they are shown.
///
/// Two things are slowed: one token that is shown again and again, and an address that shows one token after
/// the other. A program with a token that was revoked therefore keeps itself away, and not the others
/// behind the same proxy. Tokens that were right are looked at whatever else comes from their address.
@LoopActor
final class TokenDesk {
    /// Where a token was shown, for the audit.
    enum Place: String {
        case request = "a wrong token in a request's Authorization"
        case handshake = "a wrong token in the handshake's Authorization"
        case start = "a wrong token in session.start"
        case refresh = "a wrong token in session.refresh"
    }

    /// What a token is good for.
    enum Answer {
        case right(Principal)
        case wrong
        /// It is not looked at for so many seconds.
        case tooMany(wait: Double)
    }

    /// Tokens remembered for having been right; of more, any are forgotten.
    static let remembered = 4_096

    private let access: any AccessControl
    private let audit: AuditDesk
    private let clock: GatewayClock
    private var byAddress = AttemptGuard()
    private var byToken = AttemptGuard { $0 }
    private var right: Set<String> = []

    /// Makes the desk; nothing was shown yet.
    init(access: any AccessControl, audit: AuditDesk, clock: GatewayClock) {
        self.access = access
        self.audit = audit
        self.clock = clock
    }

    /// Finds out whose a token is.
    func look(at token: String, from peer: String, _ place: Place) async -> Answer {
        let now = clock.now()
        let name = Self.name(of: token)
        if !right.contains(name) {
            let wait = max(
                byAddress.wait(for: peer, now: now), byToken.wait(for: name, now: now))
            guard wait == 0 else { return .tooMany(wait: wait) }
        }
        if let principal = await access.principal(bearer: token, now: now) {
            remember(name)
            return .right(principal)
        }
        right.remove(name)
        if !byToken.hasFailed(name, now: now) { byAddress.failed(peer, now: now) }
        byToken.failed(name, now: now)
        await audit.refused(
            AuditEntry(
                at: now, principal: "", remote: peer, action: "session.open", outcome: "refused",
                detail: place.rawValue), principal: nil)
        return .wrong
    }

    /// What to tell somebody who has to wait.
    static func advice(_ wait: Double) -> String {
        "too many wrong tokens; try again in \(Int(wait.rounded(.up))) s"
    }

    private func remember(_ name: String) {
        if right.count >= Self.remembered, !right.contains(name) { _ = right.popFirst() }
        right.insert(name)
    }

    /// What a token is called here, so that none is kept: its hash with the key of this process.
    private static func name(of token: String) -> String {
        var hasher = Hasher()
        hasher.combine(token)
        return String(UInt(bitPattern: hasher.finalize()), radix: 36)
    }
}
