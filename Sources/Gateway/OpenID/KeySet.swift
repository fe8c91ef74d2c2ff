internal import Ports
internal import WireFormats

/// The public keys of a provider (JWK set, RFC 7517), those that we can use.
struct KeySet: Equatable {
    struct Key: Equatable {
        let id: String?
        let algorithm: JsonWebToken.Algorithm
        let key: PublicKey
    }

    let keys: [Key]

    /// Reads a provider's document; `nil` if it is none. Keys for other uses are passed over.
    init?(_ document: JsonValue) {
        guard let entries = document["keys"]?.array else { return nil }
        keys = entries.prefix(OpenIDLimits.keys).compactMap(Self.key)
    }

    /// The one key that a token can be signed with.
    func key(for token: JsonWebToken) throws(IDTokenFault) -> PublicKey {
        // By the kind of the key, not by the word of the token alone: an RSA key checks no other signature.
        let fitting = keys.filter { key in
            key.algorithm == token.algorithm
                && (token.keyID.map { ExactText.isEqual(key.id, $0) } ?? true)
        }
        guard fitting.count == 1 else { throw .unknownKey }
        return fitting[0].key
    }

    private static func key(_ entry: JsonValue) -> Key? {
        guard entry["use"].map({ $0 == "sig" }) ?? true,
            entry["key_ops"].map({ $0.array?.contains("verify") == true }) ?? true
        else { return nil }
        func bytes(_ name: String) -> [UInt8]? { entry[name]?.string.flatMap(Base64URL.decode) }
        let algorithm: JsonWebToken.Algorithm
        let key: PublicKey
        switch entry["kty"] {
        case "RSA":
            guard let modulus = bytes("n"), let exponent = bytes("e") else { return nil }
            (algorithm, key) = (.rs256, .rsa(modulus: modulus, exponent: exponent))
        case "EC":
            guard entry["crv"] == "P-256", let x = bytes("x"), let y = bytes("y") else {
                return nil
            }
            (algorithm, key) = (.es256, .p256(x: x, y: y))
        default: return nil
        }
        guard entry["alg"].map({ $0.string == algorithm.rawValue }) ?? true else { return nil }
        return Key(id: entry["kid"]?.string, algorithm: algorithm, key: key)
    }
}
