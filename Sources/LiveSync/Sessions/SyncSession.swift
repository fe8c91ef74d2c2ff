/// What the engine remembers of one connected client: its subscriptions and windows, and how far each is.
///
/// A value that its socket's owner keeps and lends to ``SyncEngine`` for every call. Dropping it is
/// enough to end everything it had open.
package struct SyncSession {
    /// The subscriptions, in the order they were opened.
    var subscriptions: [Subscription] = []
    /// When the last window moves were asked for (R26).
    var moves: [Milliseconds] = []

    /// A session without subscriptions.
    package init() {}

    /// Subscriptions and windows that are open.
    package var count: Int { subscriptions.count }

    /// Numbers and positions of the whole-topic subscriptions, for a resume token (R5).
    package var positions: [(subscription: Int, revision: Int)] {
        subscriptions.filter { !$0.isWindow }.map { ($0.number, $0.sent) }
    }

    /// Bytes that were sent and not acknowledged.
    package var unackedBytes: Int {
        subscriptions.reduce(0) { $0 + $1.credit.bytes }
    }

    /// True if the client owes an acknowledgement for ten seconds: close it with 4408 (R45).
    package func isSlow(now: Milliseconds) -> Bool {
        subscriptions.contains { $0.credit.isOverdue(now: now) }
    }

    /// Whether a subscription or window has this number.
    package func isOpen(_ number: Int) -> Bool { index(of: number) != nil }

    func index(of number: Int) -> Int? {
        subscriptions.firstIndex { $0.number == number }
    }
}
