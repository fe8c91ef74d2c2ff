/// Whether a password is the one that is kept.
package enum PasswordVerdict: Sendable, Equatable {
    /// It is not, or nothing is kept.
    case wrong
    /// It is.
    case right
    /// It is, and should be hashed again: what is kept costs less than a new hash would.
    case rightButOutdated
}

/// Hashes passwords, which is slow on purpose: on threads of its own, few at once. Callable from any
/// thread; the caller's thread never blocks.
package protocol PasswordHasher: Sendable {
    /// What is to be kept of a new password.
    ///
    /// - Throws: `.unusable` if it is too short or too long, `.overloaded` if too many wait already.
    func hash(_ password: String) async throws(CredentialError) -> String

    /// Compares a password with what is kept.
    ///
    /// - Parameter kept: of ``hash(_:)``; with `nil` the answer is `.wrong` after the same time.
    /// - Throws: `.overloaded` if too many wait already.
    func check(
        _ password: String, against kept: String?
    ) async throws(CredentialError) -> PasswordVerdict
}

/// What comes of a name and a password.
package enum PasswordAnswer: Sendable {
    /// They are right: the session's secret for the cookie, and whose it is.
    case opened(secret: String, principal: Principal)
    /// There is no such user, or it is not their password; the answer must not say which.
    ///
    /// - Parameter user: the user's name if there is one, for the audit only.
    case refused(user: String?)
    /// The password is right, and a code of the second factor is asked for.
    case codeNeeded
    /// The password is right, the code is not, or was used already.
    ///
    /// - Parameter user: the user's name, for the audit only.
    case codeRefused(user: String)
    /// Too many passwords wait to be looked at.
    case busy
}
