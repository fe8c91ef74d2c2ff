import Foundation
import Ports
import WireFormats

@testable import Gateway

/// A key of a provider, made and used by the `openssl` program: what is tested has no part in it.
struct SigningKey {
    enum Kind { case rsa, p256 }

    struct Failure: Error {}

    let kind: Kind
    /// As the provider publishes it, without `kid`.
    let entry: [JsonMember]
    private let file: URL

    init(_ kind: Kind) throws {
        self.kind = kind
        file = FileManager.default.temporaryDirectory
            .appendingPathComponent("celeriac-key-\(UUID().uuidString).pem")
        let options =
            kind == .rsa
            ? ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
            : ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        try Self.openssl(["genpkey", "-algorithm"] + options + ["-out", file.path])
        let subject = Array(
            try Self.openssl(["pkey", "-in", file.path, "-pubout", "-outform", "DER"]))
        func member(_ name: String, _ bytes: some Sequence<UInt8>) -> JsonMember {
            JsonMember(name, .string(Base64URL.encode(Array(bytes))))
        }
        switch kind {
        case .rsa:
            // The modulus stands before the exponent's five bytes.
            entry = [
                JsonMember("kty", "RSA"), member("n", subject.dropLast(5).suffix(256)),
                member("e", subject.suffix(3)),
            ]
        case .p256:
            let point = subject.suffix(64)
            entry = [
                JsonMember("kty", "EC"), JsonMember("crv", "P-256"), member("x", point.prefix(32)),
                member("y", point.suffix(32)),
            ]
        }
    }

    /// The entry of a key set.
    func entry(id: String?, _ more: JsonMember...) -> JsonValue {
        .object(entry + (id.map { [JsonMember("kid", .string($0))] } ?? []) + more)
    }

    /// A signed token.
    func token(header: JsonValue, claims: JsonValue) throws -> String {
        let message = [header, claims].map { Base64URL.encode(Array($0.text().utf8)) }
            .joined(separator: ".")
        return "\(message).\(Base64URL.encode(try signature(of: message)))"
    }

    private func signature(of message: String) throws -> [UInt8] {
        let made = Array(
            try Self.openssl(["dgst", "-sha256", "-sign", file.path], given: Data(message.utf8)))
        guard kind == .p256 else { return made }
        // SEQUENCE { INTEGER r, INTEGER s }: both with 32 bytes here.
        let r = made[4..<4 + Int(made[3])]
        let s = made[(r.endIndex + 2)...]
        return [r, s].flatMap { number in
            let digits = number.suffix(32)
            return [UInt8](repeating: 0, count: 32 - digits.count) + digits
        }
    }

    @discardableResult
    private static func openssl(_ arguments: [String], given: Data = Data()) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: given)
        try input.fileHandleForWriting.close()
        let made = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure() }
        return made
    }
}
