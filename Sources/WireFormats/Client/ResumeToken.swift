/// What a client is given to come back with (R5): opaque to it, signed by us.
///
/// The text is `<claims>.<signature>`, both base64url. Claims are JSON:
/// `{"e": epoch, "i": instance, "x": expiry, "p": principal, "s": [[sub, rev], …]}`.
package struct ResumeToken: Sendable, Equatable {
    /// Signs bytes, for example with HMAC-SHA-256; must give at least 16 bytes.
    package typealias Signer = ([UInt8]) -> [UInt8]

    /// Bytes of a token's text at most; longer ones are not looked at.
    package static let textBytes = 4_096
    /// Positions in one token at most.
    package static let positionLimit = 32

    /// The epoch of the positions.
    package var epoch: String
    /// The gateway that gave it.
    package var instance: String
    /// Who it was given to; others cannot use it.
    package var principal: String
    /// Until when it is good, unix milliseconds.
    package var expiresAt: Int
    /// How far each whole-topic subscription was.
    package var positions: [Int: Int]

    /// Makes a token; positions beyond ``positionLimit`` are left out.
    package init(
        epoch: String, instance: String, principal: String, expiresAt: Int, positions: [Int: Int]
    ) {
        self.epoch = epoch
        self.instance = instance
        self.principal = principal
        self.expiresAt = expiresAt
        let kept = positions.sorted { $0.key < $1.key }.prefix(Self.positionLimit)
        self.positions = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }

    /// The token as the client keeps it.
    package func text(signedBy sign: Signer) -> String {
        let claims: JsonValue = [
            "e": .string(epoch), "i": .string(instance), "p": .string(principal),
            "x": .integer(Int64(expiresAt)),
            "s": .array(
                positions.sorted { $0.key < $1.key }.map {
                    [.integer(Int64($0.key)), .integer(Int64($0.value))]
                }),
        ]
        let bytes = Array(claims.text().utf8)
        return "\(Self.base64url(bytes)).\(Self.base64url(sign(bytes)))"
    }

    /// Reads a token that was signed by the same signer.
    ///
    /// - Parameters:
    ///   - text: from the client.
    ///   - now: unix milliseconds.
    ///   - principal: who brings it.
    /// - Returns: `nil` if it is not ours, was changed, is too old, or was given to somebody else.
    package init?(_ text: String, signedBy sign: Signer, now: Int, principal: String) {
        guard text.utf8.count <= Self.textBytes else { return nil }
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count == 2, let bytes = Self.bytes(base64url: halves[0]),
            let signature = Self.bytes(base64url: halves[1]),
            Self.areEqual(signature, sign(bytes)),
            let claims = try? JsonReader.parse(bytes, limits: .client),
            let epoch = claims["e"]?.string, let instance = claims["i"]?.string,
            claims["p"]?.string == principal, let expiry = claims["x"]?.integer, expiry > now,
            let list = claims["s"]?.array, list.count <= Self.positionLimit
        else {
            // A text that is no token of ours is an answer, not a fault.
            return nil
        }
        var positions: [Int: Int] = [:]
        for entry in list {
            guard let pair = entry.array, pair.count == 2, let sub = pair[0].integer,
                let revision = pair[1].integer
            else { return nil }
            positions[Int(sub)] = Int(revision)
        }
        self.init(
            epoch: epoch, instance: instance, principal: principal, expiresAt: Int(expiry),
            positions: positions)
    }

    /// Compares in a time that does not tell where they differ.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count, left.count >= 16 else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func base64url(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(base64url text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        // Left-over bits must be zero, so that each token has one text.
        guard count < 6, bits & ((1 << UInt32(count)) - 1) == 0 else { return nil }
        return bytes
    }
}
