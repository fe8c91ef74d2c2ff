package import Ports

/// A bearer token: `clr_<id>_<secret>`.
///
/// The id (16 characters, 80 random bits) names the record and may be seen by anyone. The secret
/// (43 characters of base64url) has 256 random bits. What is stored is the plain SHA-256 of the whole
/// text: a slow, salted hash protects secrets that people choose and others can guess; nobody can
/// try 2^256 values, so here it would only make each request slower.
package struct BearerToken: Sendable, Equatable {
    /// What each token starts with, so that people and secret scanners recognise one.
    package static let prefix = "clr_"
    /// Characters of the id.
    package static let idLength = 16
    /// Bytes of the secret before base64url.
    package static let secretByteCount = 32

    /// The public part.
    package let id: String
    /// The part that proves.
    package let secret: String

    /// The whole token.
    package var text: String { "\(Self.prefix)\(id)_\(secret)" }

    /// Makes a new token.
    package init() throws(CredentialError) {
        id = try Randomness.identifier(length: Self.idLength)
        secret = Base64URL.encode(try Randomness.bytes(Self.secretByteCount))
    }

    /// Reads a token; `nil` if the text does not have exactly its form.
    package init?(parsing text: String) {
        // An id holds no `_`, a secret may: the first one after the prefix separates them.
        guard text.utf8.count == Self.prefix.utf8.count + Self.idLength + 1 + 43,
            text.hasPrefix(Self.prefix)
        else { return nil }
        let rest = text.dropFirst(Self.prefix.count)
        guard let separator = rest.firstIndex(of: "_") else { return nil }
        let id = rest[..<separator]
        let secret = String(rest[rest.index(after: separator)...])
        guard id.utf8.count == Self.idLength, id.utf8.allSatisfy(Self.isIDCharacter),
            Base64URL.decode(secret)?.count == Self.secretByteCount
        else { return nil }
        self.id = String(id)
        self.secret = secret
    }

    private static func isIDCharacter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
