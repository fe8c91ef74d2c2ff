internal import Foundation
package import Ports
internal import Synchronization

/// Hashes passwords on threads of its own: never more than ``PasswordLimits/atOnce``, and no more than
/// ``PasswordLimits/waiting`` behind them. A thread ends when nobody waits.
package final class PasswordWorkers: PasswordHasher {
    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Makes it; no thread is started yet.
    package init() {}

    /// Passwords that are being hashed or wait for that.
    var count: Int { state.withLock { $0.running + $0.waiting.count } }

    package func hash(_ password: String) async throws(CredentialError) -> String {
        guard PasswordLimits.bytes.contains(password.utf8.count), !password.utf8.contains(0) else {
            throw CredentialError(
                .unusable,
                "a password must have \(PasswordLimits.bytes.lowerBound) to "
                    + "\(PasswordLimits.bytes.upperBound) bytes and no NUL character")
        }
        return try await perform { () throws(CredentialError) in
            try PasswordHash(of: password).text
        }
    }

    package func check(
        _ password: String, against kept: String?
    ) async throws(CredentialError) -> PasswordVerdict {
        try await perform { () throws(CredentialError) in
            guard let kept = kept.flatMap({ PasswordHash(parsing: $0) }) else {
                // As slow as for a user that there is.
                _ = try PasswordHash(of: password)
                return .wrong
            }
            guard try kept.matches(password) else { return .wrong }
            return kept.isOutdated ? .rightButOutdated : .right
        }
    }

    /// Has something done on one of the threads.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable () throws(CredentialError) -> Value
    ) async throws(CredentialError) -> Value {
        let result: Result<Value, CredentialError> = await withCheckedContinuation { continuation in
            let isTaken = take {
                continuation.resume(returning: Result { () throws(CredentialError) in try work() })
            }
            if !isTaken {
                continuation.resume(
                    returning: .failure(
                        CredentialError(
                            .overloaded,
                            "\(PasswordLimits.waiting) passwords wait to be hashed already")))
            }
        }
        return try result.get()
    }

    private func take(_ job: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, needsThread) = state.withLock { state in
            if state.running < PasswordLimits.atOnce {
                state.running += 1
                return (true, true)
            }
            guard state.waiting.count < PasswordLimits.waiting else { return (false, false) }
            state.waiting.append(job)
            return (true, false)
        }
        if needsThread {
            Thread.detachNewThread {
                job()
                while let next = self.next() { next() }
            }
        }
        return isTaken
    }

    /// What a thread does next; `nil` if it ends.
    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
