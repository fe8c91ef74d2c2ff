internal import Ports

/// What was found out about credentials a moment ago, so that not each message asks the database.
///
/// Unknown ones are remembered too. Bounded: the oldest answer gives way to a new one.
struct VerifiedCache {
    /// How a credential was presented; the secret itself is not kept.
    enum Key: Hashable, Sendable {
        /// SHA-256 of a bearer token.
        case bearer([UInt8])
        /// SHA-256 of a session's secret.
        case session([UInt8])
        /// SHA-256 of the public key of a certificate.
        case certificate([UInt8])
        /// The public id of a token.
        case id(String)
    }

    private var answers: [Key: (principal: Principal?, at: Double)] = [:]
    /// Keys in order of their first answers, from `head` on; all of `answers` are among them.
    private var order: [Key] = []
    private var head = 0

    /// Answers kept.
    var count: Int { answers.count }

    /// The answer, if it is young enough: `.some(nil)` says that the credential is not valid.
    func answer(for key: Key, now: Double) -> Principal?? {
        guard let known = answers[key], now >= known.at,
            now - known.at < Limits.verifiedSeconds
        else { return nil }
        guard let principal = known.principal else { return .some(nil) }
        return .some(principal.expiresAt.map { now < $0 } ?? true ? principal : nil)
    }

    /// Keeps an answer.
    mutating func keep(_ principal: Principal?, for key: Key, at now: Double) {
        if answers.updateValue((principal, now), forKey: key) == nil { order.append(key) }
        while order.count - head > Limits.verified {
            answers[order[head]] = nil
            head += 1
        }
        if head > Limits.verified {
            order.removeFirst(head)
            head = 0
        }
    }

    /// Forgets a session that was closed.
    mutating func forget(_ key: Key) {
        // Its place in `order` stays until it is the oldest, so that the bound holds for both.
        answers[key] = nil
    }

    /// Forgets all sessions of somebody.
    mutating func forgetSessions(of id: String) {
        for (key, answer) in answers where answer.principal?.id == id {
            if case .session = key { answers[key] = nil }
        }
    }
}
