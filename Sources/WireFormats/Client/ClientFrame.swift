package import LiveSync

/// One frame from a client: a request, or the one notification that clients may send (R7, R8).
package enum ClientFrame: Sendable, Equatable {
    /// A request; it is answered exactly once.
    case request(RequestID, Call)
    /// `sub.ack`.
    case acknowledge([Acknowledgement])

    /// What a client may ask for.
    package enum Call: Sendable, Equatable {
        /// `session.start`
        case start(SessionStart)
        /// `session.refresh`
        case refresh(SessionStart.Proof)
        /// `sub.open`
        case open(SubscriptionRequest)
        /// `view.open`
        case openView(ViewRequest)
        /// `view.move`
        case move(subscription: Int, after: SortBound?)
        /// `sub.close` and `view.close`
        case close(subscription: Int)
        /// `sub.resync`
        case resync(subscription: Int)
        /// `query`
        case query(QueryRequest)
        /// `events.open`
        case openEvents(EventRequest)
        /// `events.close`
        case closeEvents(subscription: Int)
        /// `cmd.submit`
        case submit(CommandSubmission)
        /// `cmd.plan`
        case plan(PlanRequest)
        /// `cmd.read`, `cmd.items`, `queue.messages` and `trash.messages`
        case read(DetailRequest)
    }
}
