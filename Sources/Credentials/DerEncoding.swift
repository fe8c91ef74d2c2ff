internal import Ports

/// Writes keys and signatures as OpenSSL reads them: ASN.1 in its distinguished encoding (X.690).
enum DerEncoding {
    /// `rsaEncryption` with its empty parameters (RFC 3279, 2.3.1).
    private static let rsa: [UInt8] = [
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ]
    /// `id-ecPublicKey` on `prime256v1` (RFC 5480, 2.1.1).
    private static let p256: [UInt8] = [
        0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
        0x3d, 0x03, 0x01, 0x07,
    ]

    /// A `SubjectPublicKeyInfo` (RFC 5280, 4.1).
    static func publicKey(_ key: PublicKey) -> [UInt8] {
        let (algorithm, bits): ([UInt8], [UInt8]) =
            switch key {
            case .rsa(let modulus, let exponent):
                (rsa, sequence(integer(modulus) + integer(exponent)))
            case .p256(let x, let y): (p256, [0x04] + x + y)
            }
        return sequence(sequence(algorithm) + element(0x03, [0] + bits))
    }

    /// An `ECDSA-Sig-Value` (RFC 3279, 2.2.3) of r and s, which stand one behind the other.
    static func ecdsaSignature(_ numbers: [UInt8]) -> [UInt8] {
        let half = numbers.count / 2
        return sequence(integer(numbers[..<half]) + integer(numbers[half...]))
    }

    private static func sequence(_ content: [UInt8]) -> [UInt8] { element(0x30, content) }

    /// A number without a sign: the fewest bytes that do not read as a negative one.
    private static func integer(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        let isBare = digits.first.map { $0 < 0x80 } ?? false
        return element(0x02, isBare ? digits : [0] + digits)
    }

    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            switch count {
            case ..<0x80: [UInt8(count)]
            case ..<0x100: [0x81, UInt8(count)]
            default: [0x82, UInt8(count >> 8), UInt8(count & 0xff)]
            }
        return [tag] + length + content
    }
}
