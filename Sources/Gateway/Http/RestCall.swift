internal import Ports

/// A request for a route, from somebody who may ask for it.
struct RestCall {
    /// The request.
    let request: HttpRequest
    /// Who asks.
    let caller: HttpDesk.Caller
    /// What stands in the path for its parameters, decoded.
    let names: [String]
    /// Whether users' texts are hidden from the caller.
    let isMasked: Bool

    /// The queues and names of tasks that the caller is limited to.
    var grant: Grant? { Grant(caller.principal.scope) }

    /// What stands for the first parameter.
    var name: String { names.first ?? "" }

    /// What the caller may do beside what the route is for.
    func verdict(on act: Act) -> Verdict {
        Authorization.verdict(on: act, for: caller.principal)
    }
}
