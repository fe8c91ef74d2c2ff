internal import COpenSSL
package import Ports

/// Random numbers that cannot be guessed (RAND_bytes, seeded by the kernel).
package enum Randomness {
    /// Most bytes one call gives.
    package static let maximumCount = 65_536

    /// Random bytes.
    ///
    /// - Parameter count: 0 to ``maximumCount``.
    package static func bytes(_ count: Int) throws(CredentialError) -> [UInt8] {
        precondition((0...maximumCount).contains(count), "random bytes asked for: \(count)")
        var result = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&result, Int32(count)) == 1 else {
            throw CredentialError(.noRandomness, "the system gave no \(count) random bytes")
        }
        return result
    }

    /// Random text of lower-case letters and digits without `0`, `1`, `l` and `o`, which people
    /// confuse: 5 bits each.
    ///
    /// - Parameter length: how many characters.
    package static func identifier(length: Int) throws(CredentialError) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let picked = try bytes(length).map { alphabet[Int($0 & 31)] }
        return String(decoding: picked, as: UTF8.self)
    }
}
