internal import COpenSSL
package import Ports

/// A password as it is kept: `$scrypt$ln=16,r=8,p=1$<salt>$<key>`, both in base64url.
///
/// scrypt (RFC 7914) because OpenSSL 3.0 has it (Argon2 came with 3.2), and because each guess costs its
/// 64 MiB of memory whatever hardware guesses. The text says its own cost, so that the cost can rise: older
/// ones are still understood, and hashed again when their password is seen next.
package struct PasswordHash: Sendable, Equatable {
    /// What one hash costs: memory is 128 × `blockSize` × 2^`logN` bytes.
    struct Cost: Sendable, Equatable {
        var logN: Int
        var blockSize: Int
        var parallelism: Int

        /// What a new hash costs: 64 MiB.
        static let current = Cost(logN: 16, blockSize: 8, parallelism: 1)
        /// What is computed at all, so that a damaged text cannot take the machine's memory: 256 MiB.
        static let highest = Cost(logN: 18, blockSize: 8, parallelism: 4)

        fileprivate var isBearable: Bool {
            (1...Self.highest.logN).contains(logN)
                && (1...Self.highest.blockSize).contains(blockSize)
                && (1...Self.highest.parallelism).contains(parallelism)
        }
    }

    private static let saltBytes = 16
    private static let keyBytes = 32

    let cost: Cost
    private let salt: [UInt8]
    private let key: [UInt8]

    /// The text to be kept.
    package var text: String {
        "$scrypt$ln=\(cost.logN),r=\(cost.blockSize),p=\(cost.parallelism)"
            + "$\(Base64URL.encode(salt))$\(Base64URL.encode(key))"
    }

    /// Whether a new hash would cost more.
    package var isOutdated: Bool { cost != .current }

    /// Hashes a password with new salt; slow.
    package init(of password: String) throws(CredentialError) {
        try self.init(of: password, cost: .current)
    }

    init(of password: String, cost: Cost) throws(CredentialError) {
        let salt = try Randomness.bytes(Self.saltBytes)
        self.cost = cost
        self.salt = salt
        key = try Self.derive(
            Array(password.utf8), salt: salt, cost: cost, count: Self.keyBytes)
    }

    /// Reads what was kept; `nil` if it does not have exactly this form.
    package init?(parsing text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        let names = ["ln=", "r=", "p="]
        let options = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        let numbers = zip(options, names).compactMap { option, name in
            option.hasPrefix(name) ? Int(option.dropFirst(name.count)) : nil
        }
        guard options.count == 3, numbers.count == 3,
            let salt = Base64URL.decode(String(parts[3])), salt.count == Self.saltBytes,
            let key = Base64URL.decode(String(parts[4])), key.count == Self.keyBytes
        else { return nil }
        cost = Cost(logN: numbers[0], blockSize: numbers[1], parallelism: numbers[2])
        guard cost.isBearable else { return nil }
        self.salt = salt
        self.key = key
    }

    /// Whether it is the hash of this password; slow, and compared in constant time.
    package func matches(_ password: String) throws(CredentialError) -> Bool {
        let other = try Self.derive(
            Array(password.utf8), salt: salt, cost: cost, count: key.count)
        return Digest.isEqual(key, other)
    }

    /// scrypt (RFC 7914).
    static func derive(
        _ password: [UInt8], salt: [UInt8], cost: Cost, count: Int
    ) throws(CredentialError) -> [UInt8] {
        let rounds = UInt64(1) << UInt64(cost.logN)
        let (size, lanes) = (UInt64(cost.blockSize), UInt64(cost.parallelism))
        // Exactly what OpenSSL counts; its own bound of 32 MiB would refuse our cost.
        let memory = 128 * size * (rounds + lanes + 2)
        var result = [UInt8](repeating: 0, count: count)
        let made = unsafe password.withUnsafeBytes { bytes in
            // SAFETY: OpenSSL reads the counts given and writes `count`; all live until it returns.
            unsafe EVP_PBE_scrypt(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, salt,
                salt.count, rounds, size, lanes, memory, &result, count)
        }
        guard made == 1 else {
            throw CredentialError(
                .failed, "scrypt with \(memory >> 20) MiB of memory could not be computed")
        }
        return result
    }
}
