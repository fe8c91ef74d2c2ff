internal import WireFormats

/// What somebody shows to get a session.
enum SignIn: Equatable {
    /// A one-time code, of a link.
    case code(String)
    /// A bearer token.
    case token(String)
    /// A user's name and password, and the code of a second factor.
    case password(name: String, password: String, totp: String?)

    /// Bytes of a name.
    static let nameBytes = 1...128
    /// Bytes of a password that is looked at; shorter ones than may be set are wrong like any other.
    static let passwordBytes = 1...256

    /// Reads the body of a request; `nil` if it has none of the forms.
    init?(_ body: JsonValue) {
        if let code = body["code"]?.string {
            self = .code(code)
        } else if let token = body["token"]?.string {
            self = .token(token)
        } else if let name = body["name"]?.string, let password = body["password"]?.string,
            Self.nameBytes.contains(name.utf8.count),
            Self.passwordBytes.contains(password.utf8.count)
        {
            self = .password(name: name, password: password, totp: body["totp"]?.string)
        } else {
            return nil
        }
    }

    /// The name that wrong passwords are counted for.
    var name: String? {
        if case .password(let name, _, _) = self { name } else { nil }
    }
}
