/// Bounds of passwords and of the work on them; each is tested at its value and one beyond.
package enum PasswordLimits {
    /// Bytes of a password (UTF-8).
    package static let bytes = 8...256
    /// Passwords hashed at once: each takes 64 MiB and a core for a good tenth of a second.
    package static let atOnce = 2
    /// Passwords that wait to be hashed; more are refused.
    package static let waiting = 32
}
