/// What a greeting learned about a server.
struct ServerIdentity: Sendable, Equatable {
    /// `redis_version`; empty if the user may not ask (`INFO` refused).
    var version = ""
    /// `run_id`, new at every start of the server; empty if the user may not ask.
    var runID = ""
    /// The first word of `ROLE`: `master`, `slave` or `sentinel`; empty if the user may not ask.
    var role = ""
    /// Why `MULTI` is refused to this user; `nil` if transactions work.
    var transactionRefusal: String?
}
