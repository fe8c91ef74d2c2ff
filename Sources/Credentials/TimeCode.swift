package import Ports

/// Codes that change with time (TOTP, RFC 6238): the second factor of a user.
///
/// HMAC-SHA-1, six digits, steps of 30 s: what all apps do when an address says nothing else, and some
/// whatever it says. SHA-1's collisions do not touch HMAC.
package enum TimeCode {
    /// Bytes of a new secret: as many as the hash has (RFC 4226, section 4).
    package static let secretBytes = 20
    /// Seconds of a step.
    static let stepSeconds: Int64 = 30
    /// Steps before and after the present one whose codes are taken, for clocks that are not right.
    static let tolerance: Int64 = 1
    /// Digits of a code.
    static let digits = 6

    /// A new secret.
    package static func makeSecret() throws(CredentialError) -> [UInt8] {
        try Randomness.bytes(secretBytes)
    }

    /// The address by which an app takes a secret over, as a QR code or by hand.
    ///
    /// - Parameter name: of the user; shown in the app.
    package static func address(secret: [UInt8], name: String) -> String {
        let label = name.utf8.map { byte -> String in
            let isPlain =
                byte < 128 && (Character(UnicodeScalar(byte)).isLetter || (48...57).contains(byte))
            let hex = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + hex
        }
        return "otpauth://totp/Celeriac:\(label.joined())?secret=\(Base32.encode(secret))"
            + "&issuer=Celeriac&algorithm=SHA1&digits=\(digits)&period=\(stepSeconds)"
    }

    /// The code of a step (RFC 4226, section 5.3).
    static func code(
        secret: [UInt8], step: Int64, digits: Int = Self.digits
    ) throws(CredentialError) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
        let hash = try Digest.hmacSHA1(key: secret, message: counter)
        let offset = Int(hash[19] & 15)
        let number = hash[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let modulus = (0..<digits).reduce(UInt32(1)) { value, _ in value * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// The newest step near a time whose code this is; `nil` if there is none. All are compared, each in
    /// constant time.
    package static func step(
        of code: String, secret: [UInt8], now: Double
    ) throws(CredentialError) -> Int64? {
        guard now.isFinite, (0...1e15).contains(now) else { return nil }
        let present = Int64(now) / stepSeconds
        var found: Int64?
        for step in present - tolerance...present + tolerance where step >= 0 {
            let expected = try Self.code(secret: secret, step: step)
            if Digest.isEqual(Array(expected.utf8), Array(code.utf8)) { found = step }
        }
        return found
    }
}
