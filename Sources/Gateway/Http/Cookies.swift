internal import Ports

/// The session cookie (RFC 6265; product rule 3).
enum SessionCookie {
    /// The name: with the `__Host-` prefix wherever the browser accepts it, that is over TLS.
    static func name(isSecure: Bool) -> String { isSecure ? "__Host-celeriac" : "celeriac" }

    /// The session's secret in a request, if there is exactly one cookie of our name.
    static func secret(in request: HttpRequest) -> String? {
        cookie(name(isSecure: request.isSecure), in: request)
    }

    /// The header value that sets the cookie.
    static func set(_ secret: String, isSecure: Bool) -> String {
        "\(name(isSecure: isSecure))=\(secret); Path=/; HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }

    /// The header value that removes it.
    static func clear(isSecure: Bool) -> String {
        "\(name(isSecure: isSecure))=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
            + (isSecure ? "; Secure" : "")
    }
}

/// The cookie of a browser that is away at the provider of OpenID. `Lax`, for it must come along when the
/// provider's page leads back to us; the session's own cookie never does.
enum SignInCookie {
    private static func name(isSecure: Bool) -> String {
        SessionCookie.name(isSecure: isSecure) + "-openid"
    }

    /// What a request's cookie holds, if there is exactly one of our name.
    static func secret(in request: HttpRequest) -> String? {
        cookie(name(isSecure: request.isSecure), in: request)
    }

    /// The header value that sets the cookie.
    static func set(_ secret: String, isSecure: Bool) -> String {
        text(secret, seconds: Int(OpenIDLimits.pendingSeconds), isSecure: isSecure)
    }

    /// The header value that removes it.
    static func clear(isSecure: Bool) -> String { text("", seconds: 0, isSecure: isSecure) }

    private static func text(_ secret: String, seconds: Int, isSecure: Bool) -> String {
        "\(name(isSecure: isSecure))=\(secret); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(seconds)"
            + (isSecure ? "; Secure" : "")
    }
}

/// A cookie's value. Two of the same name mean that somebody else planted one: neither counts.
private func cookie(_ wanted: String, in request: HttpRequest) -> String? {
    guard let header = request.headers["cookie"] else { return nil }
    let values = header.split(separator: ";").compactMap { pair -> String? in
        let trimmed = pair.drop { $0 == " " }
        guard let equals = trimmed.firstIndex(of: "="), trimmed[..<equals] == wanted else {
            return nil
        }
        return String(trimmed[trimmed.index(after: equals)...])
    }
    return values.count == 1 ? values[0] : nil
}

/// The token in `Authorization: Bearer …` (RFC 6750), if there is one.
func bearerToken(in request: HttpRequest) -> String? {
    guard let header = request.headers["authorization"] else { return nil }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = parts[1].drop { $0 == " " }
    return token.isEmpty ? nil : String(token)
}
