/// Bounds of what is recorded. Beyond them texts are cut, or the change is refused; each is tested
/// at its value and one beyond.
package enum Limits {
    /// Bytes of a command's, task's, worker's, queue's, token's or principal's name.
    package static let nameBytes = 512
    /// Bytes of a user's name.
    package static let userNameBytes = 128
    /// Bytes of a provider's address.
    package static let issuerBytes = 2_048
    /// Bytes of a password's hash.
    package static let passwordHashBytes = 256
    /// Bytes of an idempotency key.
    package static let keyBytes = 128
    /// Bytes of a command's arguments (the protocol allows 48 KiB before redaction).
    package static let argumentBytes = 65_536
    /// Bytes of a stored answer.
    package static let answerBytes = 65_536
    /// Bytes of one sentence: evidence, reason, fix, target, audit detail. Longer ones are cut.
    package static let sentenceBytes = 1024
    /// Sentences of evidence in a command's row; the last one counts the rest.
    package static let evidence = 100
    /// Silent workers named in a command's row; the last entry counts the rest.
    package static let silent = 1000
    /// Bytes of what a command needs to be followed on.
    package static let remainsBytes = 1 << 20
    /// Changes and reads that wait for the database; more are refused.
    package static let waiting = 10_000
    /// Idempotency keys kept; more are refused.
    package static let idempotencyKeys = 1_000_000
    /// Seconds for which an idempotency key is kept (protocol R39: 24 hours).
    package static let idempotencySeconds: Double = 86_400
    /// Seconds for which an ended command is kept.
    package static let commandSeconds: Double = 30 * 86_400
    /// Lines of the audit kept; the oldest go first.
    package static let auditLines = 1_000_000
    /// Lines of the audit that one call returns.
    package static let auditPage = 1000
    /// Open revocations (a worker remembers 50,000 as well).
    package static let openRevokes = 50_000
    /// Open revocations by stamp.
    package static let openStampRevokes = 1000
    /// Paused queues.
    package static let pausedQueues = 1000
    /// Purges that can be restored.
    package static let trash = 1000
    /// Priority steps of a queue that are counted each.
    package static let prioritySteps = 16
    /// Workers of which is kept that they would consume a paused queue, for each.
    package static let pausedConsumers = 10_000
    /// Tokens that are neither revoked nor expired.
    package static let tokens = 10_000
    /// Live sessions of one token or user; the oldest ends when one more is opened.
    package static let sessionsPerToken = 100
    /// Unspent one-time codes of one token; the oldest is forgotten when one more is made.
    package static let codesPerToken = 10
    /// Seconds for which a session lives without being used; walls are left alone for longer.
    package static let sessionIdleSeconds: Double = 12 * 3600
    /// Seconds for which a session lives in all.
    package static let sessionSeconds: Double = 7 * 86_400
    /// Seconds for which a wall's session lives without being used.
    package static let wallIdleSeconds: Double = 30 * 86_400
    /// Seconds for which a wall's session lives in all.
    package static let wallSeconds: Double = 365 * 86_400
    /// Seconds after which the use of a token or session is noted again.
    package static let useSeconds: Double = 60
    /// Seconds for which a revoked or expired token stays in the list.
    package static let endedTokenSeconds: Double = 90 * 86_400
    /// Rows of each table that one pruning removes.
    package static let pruneSlice = 1000
    /// Seconds for which a checked credential is believed without asking again. Live sockets ask at
    /// least every three seconds, so that a revocation reaches them within four.
    package static let verifiedSeconds: Double = 1
    /// Checked credentials remembered.
    package static let verified = 4096
    /// Seconds for which another process may keep the database locked.
    package static let busySeconds: Double = 5
}
