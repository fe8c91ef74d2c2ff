package import EventLoop

/// Makes the first admin of a site, for whoever has the code of the set-up link.
///
/// The code is kept by hash and in memory only: it ends with its hour, with the process, and once
/// anybody else has become a way in for admins.
@LoopActor
package protocol FirstAdmin: AnyObject {
    /// Whether an admin is still to be made by the code; `false` if that cannot be read.
    func isAwaited(now: Double) async -> Bool

    /// Makes the admin, a user with a password, and opens a session for them.
    ///
    /// - Parameter remote: where the request comes from.
    func setUp(
        code: String, name: String, password: String, now: Double, remote: String
    ) async -> SetupAnswer
}

/// What comes of a code, a name and a password.
package enum SetupAnswer: Sendable {
    /// The admin was made: the session's secret for the cookie, and whose it is.
    case opened(secret: String, principal: Principal)
    /// The code is another one, or has ended.
    case refused
    /// An admin was made or came in before.
    case alreadySetUp
    /// The code is right, the name cannot be taken; says why.
    case unusableName(String)
    /// The code is right, the password cannot be taken; says why.
    case unusablePassword(String)
    /// Too many passwords wait to be hashed.
    case busy
    /// The records cannot be written.
    case failed
}
