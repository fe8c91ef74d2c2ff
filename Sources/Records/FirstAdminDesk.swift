package import EventLoop
package import Logging
package import Ports

/// Gives the first admin to whoever has the code of the set-up link that this start has printed.
@LoopActor
package final class FirstAdminDesk: FirstAdmin {
    private let store: RecordStore
    private let secrets: any SecretSource
    private let passwords: any PasswordHasher
    private let logger: Logger
    /// The hash of the code and its end; `nil` once the site is set up.
    private var code: (hash: [UInt8], expiresAt: Double)?

    /// Makes the desk.
    ///
    /// - Parameters:
    ///   - code: the link's; only its hash is kept.
    ///   - logger: is told when the records cannot be used; never a secret.
    package init(
        _ code: SetupCode, store: RecordStore, secrets: any SecretSource,
        passwords: any PasswordHasher, logger: Logger
    ) throws(CredentialError) {
        self.store = store
        self.secrets = secrets
        self.passwords = passwords
        self.logger = logger
        self.code = (try secrets.sha256(Array(code.text.utf8)), code.expiresAt)
    }

    package func isAwaited(now: Double) async -> Bool {
        guard let code, now < code.expiresAt else { return false }
        do {
            return try await !isSetUp(now: now)
        } catch {
            logger.error(
                "whether there is an admin cannot be read", metadata: ["reason": "\(error.message)"]
            )
            return false
        }
    }

    package func setUp(
        code text: String, name: String, password: String, now: Double, remote: String
    ) async -> SetupAnswer {
        do throws(RecordsError) {
            guard try await !isSetUp(now: now) else { return .alreadySetUp }
            guard let code, now < code.expiresAt, isRight(text, code.hash) else { return .refused }
            if let refusal = RecordStore.refusal(ofUserName: name) { return .unusableName(refusal) }
            let hash: String
            do throws(CredentialError) {
                hash = try await passwords.hash(password)
            } catch {
                switch error.code {
                case .unusable: return .unusablePassword(error.message)
                case .overloaded: return .busy
                default: throw RecordsError(.failed, error.message)
                }
            }
            let made = try await store.addFirstAdmin(
                name: name, password: hash, now: now, remote: remote)
            self.code = nil
            guard let made else { return .alreadySetUp }
            return .opened(secret: made.secret, principal: made.principal)
        } catch {
            guard error.code != .conflict, error.code != .invalid else {
                return .unusableName(error.message)
            }
            logger.error("the first admin was not made", metadata: ["reason": "\(error.message)"])
            return .failed
        }
    }

    /// Whether an admin has a way in; once it is so, it is not asked again.
    private func isSetUp(now: Double) async throws(RecordsError) -> Bool {
        guard code != nil else { return true }
        guard try await store.hasAdmin(now: now) else { return false }
        code = nil
        return true
    }

    private func isRight(_ text: String, _ hash: [UInt8]) -> Bool {
        guard secrets.isSecret(text) else { return false }
        do {
            return secrets.isEqual(try secrets.sha256(Array(text.utf8)), hash)
        } catch {
            logger.error("no hash", metadata: ["reason": "\(error.message)"])
            return false
        }
    }
}
