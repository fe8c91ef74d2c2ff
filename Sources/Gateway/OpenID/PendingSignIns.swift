/// Sign-ins that wait for somebody to come back from the provider. A value; time is passed in.
struct PendingSignIns {
    /// One of them; all of its texts but the address are random and secret.
    struct SignIn: Equatable {
        /// What comes back by the browser's address line.
        let state: String
        /// What comes back by the browser's cookie: it is the browser that began.
        let browser: String
        /// What must stand in the ID token.
        let nonce: String
        /// What must come with the code (PKCE, RFC 7636).
        let verifier: String
        /// Where from, as ``AttemptGuard/group(_:)`` has it.
        let address: String
        /// Unix seconds.
        let startedAt: Double
    }

    /// Oldest first.
    private var waiting: [SignIn] = []

    /// How many wait.
    var count: Int { waiting.count }

    /// Keeps one; the oldest gives way where there are too many.
    mutating func begin(_ signIn: SignIn) {
        forgetOld(now: signIn.startedAt)
        let own = waiting.indices.filter { waiting[$0].address == signIn.address }
        if own.count >= OpenIDLimits.pendingPerAddress {
            waiting.remove(at: own[0])
        } else if waiting.count >= OpenIDLimits.pending {
            waiting.removeFirst()
        }
        waiting.append(signIn)
    }

    /// Takes out the one of a state: it counts once, whatever comes of it.
    mutating func take(_ state: String, now: Double) -> SignIn? {
        forgetOld(now: now)
        return waiting.firstIndex { $0.state == state }.map { waiting.remove(at: $0) }
    }

    private mutating func forgetOld(now: Double) {
        waiting.removeAll { signIn in
            // A clock that was set back must not make them live on.
            now - signIn.startedAt >= OpenIDLimits.pendingSeconds || now < signIn.startedAt - 60
        }
    }
}
