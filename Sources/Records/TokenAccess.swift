package import EventLoop
package import Logging
package import Ports

/// Finds out who somebody is by the records: tokens, sessions, passwords and one-time codes.
///
/// What the database says is believed for ``Limits/verifiedSeconds``, and one question about a
/// credential is asked once however many wait for it: ten thousand clients that return at once with
/// one token cost one query.
@LoopActor
package final class TokenAccess: AccessControl {
    private let store: RecordStore
    private let secrets: any SecretSource
    private let passwords: any PasswordHasher
    private let logger: Logger
    private var cache = VerifiedCache()
    private var underWay: [VerifiedCache.Key: Task<Principal?, Never>] = [:]

    /// Makes the access control of a site.
    ///
    /// - Parameter logger: is told when the records cannot be read; never a secret.
    package init(
        store: RecordStore, secrets: any SecretSource, passwords: any PasswordHasher,
        logger: Logger
    ) {
        self.store = store
        self.secrets = secrets
        self.passwords = passwords
        self.logger = logger
    }

    package func principal(bearer: String, now: Double) async -> Principal? {
        guard let id = secrets.tokenID(of: bearer), let hash = hash(bearer) else { return nil }
        return await answer(for: .bearer(hash), now: now) { () throws(RecordsError) in
            guard let (token, known) = try await self.store.token(id: id),
                let known, self.secrets.isEqual(known, hash), token.isValid(at: now)
            else { return nil }
            self.noteUse(of: token, now: now)
            return token.principal
        }
    }

    package func principal(certificateKey key: [UInt8], now: Double) async -> Principal? {
        guard let hash = hash(key) else { return nil }
        return await answer(for: .certificate(hash), now: now) { () throws(RecordsError) in
            guard let token = try await self.store.token(certificate: hash),
                token.isValid(at: now)
            else { return nil }
            self.noteUse(of: token, now: now)
            return token.principal
        }
    }

    package func principal(session secret: String, now: Double) async -> Principal? {
        guard secrets.isSecret(secret), let hash = hash(secret) else { return nil }
        return await answer(for: .session(hash), now: now) { () throws(RecordsError) in
            guard let found = try await self.store.session(hash: hash, now: now) else {
                return nil
            }
            if found.renewalIsDue {
                self.inBackground("a session was not renewed") { () throws(RecordsError) in
                    try await self.store.renewSession(hash: hash, now: now)
                }
            }
            return found.token.principal
        }
    }

    package func principal(id: String, now: Double) async -> Principal? {
        await answer(for: .id(id), now: now) { () throws(RecordsError) in
            guard let (token, _) = try await self.store.token(id: id), token.isValid(at: now)
            else { return nil }
            return token.principal
        }
    }

    package func openSession(
        code: String, now: Double
    ) async -> (secret: String, principal: Principal)? {
        guard secrets.isSecret(code) else { return nil }
        return await opened { () throws(RecordsError) in
            try await self.store.openSession(code: code, now: now)
        }
    }

    package func openSession(
        bearer: String, now: Double
    ) async -> (secret: String, principal: Principal)? {
        guard let principal = await principal(bearer: bearer, now: now) else { return nil }
        return await opened { () throws(RecordsError) in
            try await self.store.openSession(token: principal.id, now: now)
        }
    }

    package func openSession(
        name: String, password: String, totp: String?, now: Double
    ) async -> PasswordAnswer {
        do throws(RecordsError) {
            let found = try await store.password(ofUserNamed: name, now: now)
            let verdict: PasswordVerdict
            do throws(CredentialError) {
                verdict = try await passwords.check(password, against: found?.password)
            } catch {
                guard error.code == .overloaded else { throw RecordsError(.failed, error.message) }
                return .busy
            }
            guard let found, verdict != .wrong else { return .refused(user: found?.user.name) }
            let session = try await store.openSession(
                user: found.user.id, passwordSetAt: found.setAt, totp: totp, now: now)
            switch session {
            case .refused: return .refused(user: found.user.name)
            case .codeNeeded: return .codeNeeded
            case .codeRefused: return .codeRefused(user: found.user.name)
            case .opened(let secret, let principal):
                if verdict == .rightButOutdated {
                    renew(password, of: found.user.id, found.password)
                }
                return .opened(secret: secret, principal: principal)
            }
        } catch {
            logger.error("no session was opened", metadata: ["reason": "\(error.message)"])
            return .refused(user: nil)
        }
    }

    package func openSession(
        identity: ExternalIdentity, now: Double, remote: String
    ) async -> IdentityAnswer {
        do {
            return try await store.openSession(identity: identity, now: now, remote: remote)
        } catch {
            logger.error("no session was opened", metadata: ["reason": "\(error.message)"])
            return .failed
        }
    }

    package func closeSessions(
        issuer: String, subject: String, now: Double, remote: String
    ) async {
        do {
            let known = try await store.identity(issuer: issuer, subject: subject)
            guard let known, known.revokedAt == nil else { return }
            _ = await closeSessions(of: known.principal, now: now, remote: remote)
        } catch {
            logger.error("sessions were not closed", metadata: ["reason": "\(error.message)"])
        }
    }

    /// Keeps a hash of today's cost of a password whose hash costs less.
    private func renew(_ password: String, of id: String, _ old: String) {
        inBackground("a password was not hashed again") { () throws(RecordsError) in
            let new: String
            do throws(CredentialError) {
                new = try await self.passwords.hash(password)
            } catch {
                throw RecordsError(.failed, error.message)
            }
            try await self.store.replacePassword(of: id, old, by: new)
        }
    }

    package func closeSessions(
        of principal: Principal, now: Double, remote: String
    ) async -> Int? {
        do {
            let closed = try await store.closeSessions(
                of: principal.id, now: now, remote: remote, by: principal.name)
            // As after one session; whose the others are that are being asked about is not known.
            cache.forgetSessions(of: principal.id)
            underWay = underWay.filter { entry in
                if case .session = entry.key { false } else { true }
            }
            return closed.count
        } catch {
            logger.error("sessions were not closed", metadata: ["reason": "\(error.message)"])
            return nil
        }
    }

    package func closeSession(_ secret: String) async {
        guard secrets.isSecret(secret), let hash = hash(secret) else { return }
        do {
            try await store.closeSession(hash: hash)
        } catch {
            logger.error("a session was not closed", metadata: ["reason": "\(error.message)"])
        }
        // After the deletion: a question that was under way may have kept the old answer meanwhile.
        cache.forget(.session(hash))
        underWay[.session(hash)] = nil
    }

    package func csrfToken(session secret: String) -> String {
        do {
            return try secrets.csrfToken(session: secret)
        } catch {
            logger.error("no CSRF token", metadata: ["reason": "\(error.message)"])
            return ""
        }
    }

    package func accepts(csrfToken token: String, session secret: String) -> Bool {
        let expected = csrfToken(session: secret)
        return !expected.isEmpty && secrets.isEqual(Array(token.utf8), Array(expected.utf8))
    }

    /// The answer that is known, or that of `question`, which is asked at most once at a time.
    private func answer(
        for key: VerifiedCache.Key, now: Double,
        _ question: @escaping @LoopActor () async throws(RecordsError) -> Principal?
    ) async -> Principal? {
        if let known = cache.answer(for: key, now: now) { return known }
        if let task = underWay[key] { return await task.value }
        let task = Task { @LoopActor () -> Principal? in
            let principal: Principal?
            do throws(RecordsError) {
                principal = try await question()
            } catch {
                // Closed when in doubt; not kept, so that the next one asks again.
                self.logger.error(
                    "who somebody is cannot be read", metadata: ["reason": "\(error.message)"])
                self.underWay[key] = nil
                return nil
            }
            // Gone if the session was closed meanwhile: then the answer must not be kept.
            if self.underWay.removeValue(forKey: key) != nil {
                self.cache.keep(principal, for: key, at: now)
            }
            return principal
        }
        underWay[key] = task
        return await task.value
    }

    private func noteUse(of token: TokenRecord, now: Double) {
        guard token.lastUsedAt ?? 0 < now - Limits.useSeconds else { return }
        inBackground("the use of a token was not noted") { () throws(RecordsError) in
            try await self.store.noteUse(ofToken: token.id, now: now)
        }
    }

    private func opened(
        _ opening:
            @LoopActor () async throws(RecordsError) -> (secret: String, principal: Principal)?
    ) async -> (secret: String, principal: Principal)? {
        do {
            return try await opening()
        } catch {
            logger.error("no session was opened", metadata: ["reason": "\(error.message)"])
            return nil
        }
    }

    private func inBackground(
        _ complaint: Logger.Message,
        _ change: @escaping @LoopActor () async throws(RecordsError) -> Void
    ) {
        Task { @LoopActor in
            do throws(RecordsError) {
                try await change()
            } catch {
                // The credential is good all the same; with a full disk, reading goes on.
                self.logger.warning(complaint, metadata: ["reason": "\(error.message)"])
            }
        }
    }

    private func hash(_ text: String) -> [UInt8]? { hash(Array(text.utf8)) }

    private func hash(_ bytes: [UInt8]) -> [UInt8]? {
        do {
            return try secrets.sha256(bytes)
        } catch {
            logger.error("no hash", metadata: ["reason": "\(error.message)"])
            return nil
        }
    }
}
