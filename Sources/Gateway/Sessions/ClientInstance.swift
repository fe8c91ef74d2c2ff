internal import Ports

/// One display or one bot: of the same credential and of the same name that it gives itself, there is
/// one session at a time.
struct ClientInstance: Hashable {
    /// ``Principal/id`` of the credential.
    let principal: String
    /// `client.instance` of `session.start`.
    let name: String

    /// The instance that a session is of; `nil` for people, and for programs that do not say.
    init?(_ principal: Principal, name: String?) {
        guard principal.role == .wall || principal.role == .bot, let name, !name.isEmpty else {
            return nil
        }
        self.principal = principal.id
        self.name = name
    }
}
