internal import EventLoop
internal import Ports
internal import WireFormats

/// Lets people in whom a provider vouches for: OpenID Connect, authorization code with PKCE.
///
/// ``start(from:isSecure:)`` sends the browser to the provider, ``finish(_:browser:from:)`` takes what it
/// comes back with. What is believed is decided by ``IDTokenCheck`` and ``RoleMapping``.
@LoopActor
final class OpenIDDesk {
    /// What a browser is sent away with.
    struct Departure {
        /// Where to.
        let location: String
        /// What its cookie holds.
        let browser: String
    }

    let provider: OpenIDProvider
    private let access: any AccessControl
    private let secrets: any SecretSource
    private let clock: GatewayClock
    private var pending = PendingSignIns()
    private var exchanges = 0
    private var known: (metadata: ProviderMetadata, at: Double)?
    private var asking: Task<Result<ProviderMetadata, OpenIDRefusal>, Never>?

    init(
        _ provider: OpenIDProvider, access: any AccessControl, secrets: any SecretSource,
        clock: GatewayClock
    ) {
        self.provider = provider
        self.access = access
        self.secrets = secrets
        self.clock = clock
    }

    // MARK: - There

    /// Begins a sign-in.
    ///
    /// - Parameter address: where the request comes from.
    func start(from address: String) async throws(OpenIDRefusal) -> Departure {
        let metadata = try await metadata()
        let (signIn, challenge): (PendingSignIns.SignIn, String)
        do throws(CredentialError) {
            signIn = PendingSignIns.SignIn(
                state: try secrets.makeSecret(), browser: try secrets.makeSecret(),
                nonce: try secrets.makeSecret(), verifier: try secrets.makeSecret(),
                address: AttemptGuard.group(address), startedAt: clock.now())
            challenge = Base64URL.encode(try secrets.sha256(Array(signIn.verifier.utf8)))
        } catch {
            throw OpenIDRefusal(.busy, error.message)
        }
        pending.begin(signIn)
        let query = formEncoded([
            ("response_type", "code"), ("client_id", provider.settings.clientID),
            ("redirect_uri", provider.settings.redirectURI.text),
            ("scope", provider.settings.scopes), ("state", signIn.state),
            ("nonce", signIn.nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ])
        let address = metadata.authorization
        let mark = address.rest.contains("?") ? "&" : "?"
        return Departure(location: address.text + mark + query, browser: signIn.browser)
    }

    /// The provider's description, asked for once at a time and once an hour.
    private func metadata() async throws(OpenIDRefusal) -> ProviderMetadata {
        let now = clock.now()
        if let known, (known.at..<known.at + OpenIDLimits.metadataSeconds).contains(now) {
            return known.metadata
        }
        let asked =
            asking
            ?? Task { @LoopActor in
                let answer = await askForMetadata()
                asking = nil
                if case .success(let metadata) = answer { known = (metadata, now) }
                return answer
            }
        asking = asked
        return try await asked.value.get()
    }

    private func askForMetadata() async -> Result<ProviderMetadata, OpenIDRefusal> {
        let issuer = provider.settings.issuer
        do throws(OpenIDRefusal) {
            let request = WebRequest(url: ProviderMetadata.url(of: issuer))
            let document = try await document(of: request, "its description")
            do throws(ProviderMetadata.Fault) {
                return .success(try ProviderMetadata(document, issuer: issuer))
            } catch {
                throw OpenIDRefusal(.unavailable, "\(request.url): \(error.message)")
            }
        } catch {
            return .failure(error)
        }
    }

    // MARK: - And back

    /// Ends a sign-in, be it well or not; its state counts no second time.
    ///
    /// - Parameters:
    ///   - callback: what stands in the address line; `nil` if that is nothing of a provider's.
    ///   - browser: what the browser's cookie holds.
    ///   - address: where the request comes from.
    /// - Returns: the session's secret, and whose it is.
    func finish(
        _ callback: OpenIDCallback?, browser: String?, from address: String
    ) async throws(OpenIDRefusal) -> (secret: String, principal: Principal) {
        guard let callback, let signIn = pending.take(callback.state, now: clock.now()) else {
            throw OpenIDRefusal(.expired, "no sign-in of this state waits")
        }
        guard let browser, secrets.isEqual(Array(browser.utf8), Array(signIn.browser.utf8)) else {
            throw OpenIDRefusal(.expired, "it was begun in another browser")
        }
        guard exchanges < OpenIDLimits.exchanges else {
            throw OpenIDRefusal(.busy, "\(OpenIDLimits.exchanges) codes are exchanged already")
        }
        exchanges += 1
        defer { exchanges -= 1 }
        let metadata = try await metadata()
        let issuer = provider.settings.issuer.text
        guard callback.issuer.map({ ExactText.isEqual($0, issuer) }) ?? !metadata.namesIssuer else {
            throw OpenIDRefusal(.invalid, "the answer is of another issuer (iss)")
        }
        switch callback.answer {
        case .error(let word):
            throw OpenIDRefusal(.denied, "the provider answered: \(word)")
        case .code(let code):
            let text = try await idToken(for: code, signIn, metadata)
            return try await open(believed(text, signIn, metadata), from: address)
        }
    }

    /// Exchanges a code for the ID token (RFC 6749, 4.1.3; RFC 7636, 4.5).
    private func idToken(
        for code: String, _ signIn: PendingSignIns.SignIn, _ metadata: ProviderMetadata
    ) async throws(OpenIDRefusal) -> String {
        var fields = [
            ("grant_type", "authorization_code"), ("code", code),
            ("redirect_uri", provider.settings.redirectURI.text),
            ("code_verifier", signIn.verifier),
        ]
        var headers = ["content-type": "application/x-www-form-urlencoded"]
        let client = provider.settings.clientID
        switch (provider.secret, metadata.proof) {
        case (let secret?, .basic):
            var text: [UInt8] = []
            let pair = Array("\(formEncoded(client)):\(formEncoded(secret))".utf8)
            Base64.encode(pair.span, into: &text)
            headers["authorization"] = "Basic \(String(decoding: text, as: UTF8.self))"
        case (let secret?, .post):
            fields += [("client_id", client), ("client_secret", secret)]
        case (nil, _):
            fields.append(("client_id", client))
        }
        let request = WebRequest(
            url: metadata.token.text, headers: headers, body: Array(formEncoded(fields).utf8))
        let answer = try await document(of: request, "the code's exchange")
        guard let text = answer["id_token"]?.string else {
            throw OpenIDRefusal(.unavailable, "the provider gave no ID token")
        }
        return text
    }

    private func believed(
        _ text: String, _ signIn: PendingSignIns.SignIn, _ metadata: ProviderMetadata
    ) async throws(OpenIDRefusal) -> IDTokenClaims {
        // Asked for each time: a key that the provider has changed needs no rule of its own then.
        let request = WebRequest(url: metadata.keys.text)
        guard let keys = KeySet(try await document(of: request, "its keys")) else {
            throw OpenIDRefusal(.unavailable, "\(request.url): it holds no keys")
        }
        let check = IDTokenCheck(
            issuer: provider.settings.issuer.text, clientID: provider.settings.clientID,
            nonce: signIn.nonce, now: clock.now())
        do throws(IDTokenFault) {
            return try check.claims(in: text, keys: keys, checker: provider.signatures)
        } catch {
            throw OpenIDRefusal(.invalid, error.message)
        }
    }

    private func open(
        _ claims: IDTokenClaims, from address: String
    ) async throws(OpenIDRefusal) -> (secret: String, principal: Principal) {
        let name = claims.name
        let role: Role
        switch provider.settings.roles.answer(for: claims) {
        case .role(let found): role = found
        case .nobody:
            await endSessions(of: claims, from: address)
            throw OpenIDRefusal(.unknown, "no entry of the settings lets them in", name: name)
        case .unverified:
            await endSessions(of: claims, from: address)
            throw OpenIDRefusal(
                .unverified, "the provider has not verified the e-mail address", name: name)
        }
        let identity = ExternalIdentity(
            issuer: provider.settings.issuer.text, subject: claims.subject, name: name, role: role)
        switch await access.openSession(identity: identity, now: clock.now(), remote: address) {
        case .opened(let secret, let principal): return (secret, principal)
        case .removed: throw OpenIDRefusal(.removed, "they were removed here", name: name)
        case .nameTaken:
            throw OpenIDRefusal(.taken, "a user or token has their name", name: name)
        case .failed: throw OpenIDRefusal(.busy, "the records cannot be written", name: name)
        }
    }

    /// Whom the settings let in no more has no session of before.
    private func endSessions(of claims: IDTokenClaims, from address: String) async {
        await access.closeSessions(
            issuer: provider.settings.issuer.text, subject: claims.subject, now: clock.now(),
            remote: address)
    }

    // MARK: - Asking

    /// The JSON document that answers a request.
    private func document(
        of request: WebRequest, _ what: String
    ) async throws(OpenIDRefusal) -> JsonValue {
        var request = request
        request.headers["accept"] = "application/json"
        let answer: WebAnswer
        do throws(WebError) {
            answer = try await provider.web.answer(to: request)
        } catch {
            throw OpenIDRefusal(.unavailable, error.message)
        }
        let value: JsonValue?
        do throws(JsonError) {
            value = try JsonReader.parse(answer.body, limits: OpenIDLimits.json)
        } catch {
            value = nil
        }
        guard answer.status == 200, let value, value.object != nil else {
            let word = value?["error"]?.string.map { " (\(OpenIDCallback.word($0)))" } ?? ""
            throw OpenIDRefusal(
                (400...499).contains(answer.status) ? .denied : .unavailable,
                "\(request.url), \(what): answered \(answer.status)\(word)"
                    + (value == nil ? " and no JSON" : ""))
        }
        return value
    }
}
