internal import EventLoop
internal import Ports

/// One-time tickets for browsers that cannot set a header: fetched by POST, shown in the first frame (R3).
///
/// They are in memory only, by their hash, for half a minute. One that is shown is spent, whatever comes of it.
@LoopActor
final class TicketBook {
    /// What a ticket is good for.
    struct Ticket: Equatable {
        /// ``Principal/id`` of who asked for it.
        var principal: String
        /// The secret of the session that they asked with: its end is the end of what the ticket opened.
        var cookie: String?
        /// The page that may show it; `nil`: whoever sends no `Origin`.
        var origin: String?
        /// Unix seconds.
        var expiresAt: Double
    }

    /// For how long a ticket is good.
    static let seconds = 30.0
    /// Tickets that are good at a time, of all principals and of one: its oldest gives way.
    static let limit = 2_000
    static let perPrincipal = 20

    private let secrets: any SecretSource
    private var tickets: [[UInt8]: Ticket] = [:]

    init(secrets: any SecretSource) {
        self.secrets = secrets
    }

    /// Tickets kept.
    var count: Int { tickets.count }

    /// Makes a ticket.
    ///
    /// - Returns: its text, which is kept nowhere; `nil` if there are too many, or no random numbers.
    func issue(for principal: Principal, cookie: String?, origin: String?, now: Double) -> String? {
        tickets = tickets.filter { $0.value.expiresAt > now }
        let own = tickets.filter { $0.value.principal == principal.id }
        if own.count >= Self.perPrincipal,
            let oldest = own.min(by: { $0.value.expiresAt < $1.value.expiresAt })
        {
            tickets[oldest.key] = nil
        }
        guard tickets.count < Self.limit, let text = try? secrets.makeSecret(),
            let hash = try? secrets.sha256(Array(text.utf8))
        else { return nil }
        tickets[hash] = Ticket(
            principal: principal.id, cookie: cookie, origin: origin?.lowercased(),
            expiresAt: now + Self.seconds)
        return text
    }

    /// Takes a ticket that somebody shows.
    ///
    /// - Parameter origin: the page that shows it.
    /// - Returns: `nil` if there is none, or it is too late, or it was made for another page.
    func redeem(_ text: String, origin: String?, now: Double) -> Ticket? {
        guard secrets.isSecret(text), let hash = try? secrets.sha256(Array(text.utf8)),
            let ticket = tickets.removeValue(forKey: hash)
        else { return nil }
        guard ticket.expiresAt > now, ticket.origin == origin?.lowercased() else { return nil }
        return ticket
    }
}
