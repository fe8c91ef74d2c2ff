import EventLoop
import Testing

@testable import SocketServer

@Suite struct TlsTests {
    /// Runs a program; all it writes, also its complaints.
    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let words = ([program] + arguments).map { "'\($0)'" }.joined(separator: " ")
        return String(decoding: try shell(words + " 2>&1"), as: UTF8.self)
    }

    private func withIdentity(
        _ body: (SocketServerConfiguration.Identity) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            _ = try Self.run(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", "\(folder)/key.pem", "-out", "\(folder)/cert.pem",
                ])
            try await body(
                .init(
                    certificatePath: "\(folder)/cert.pem", privateKeyPath: "\(folder)/key.pem"))
        }
    }

    @Test func `HTTPS is spoken, with HTTP 1.1 and TLS 1.2 and later only`() async throws {
        try await withIdentity { identity in
            try await withServer(identity: identity) { server in
                let url = "https://localhost:\(server.port)/echo"
                let common = [
                    "-sv", "--max-time", "9", "--cacert", identity.certificatePath, "--resolve",
                    "localhost:\(server.port):127.0.0.1", url,
                ]

                let modern = try Self.run("curl", common)
                #expect(modern.contains("HTTP/1.1 200"), "\(modern)")
                #expect(modern.contains("GET /echo? 127.0.0.1"))
                #expect(modern.contains("strict-transport-security: max-age=31536000"))
                #expect(modern.contains("http/1.1") && !modern.contains("HTTP/2"))
                #expect(await server.handler.requests.last?.isSecure == true)

                #expect(try Self.run("curl", ["--tls-max", "1.2"] + common).contains("1.1 200"))
                let old = ["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"] + common
                #expect(try !Self.run("curl", old).contains("HTTP/1.1"))
            }
        }
    }

    // X2
    @Test func `a silent TLS hello is cut off and others are served meanwhile`() async throws {
        try await withIdentity { identity in
            try await withServer(identity: identity) { server in
                let silent = try server.connect()
                try silent.send([0x16, 0x03, 0x01, 0x02])
                let plain = try server.connect()
                try plain.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")

                let curl = try Self.run(
                    "curl", ["-sk", "--max-time", "9", "https://127.0.0.1:\(server.port)/echo"])

                #expect(curl.contains("GET /echo?"))
                let clock = ContinuousClock()
                let time = try clock.measure { _ = try silent.takeRest() }
                #expect(time < .seconds(7))
                #expect(try !String(decoding: plain.takeRest(), as: UTF8.self).contains("200"))
            }
        }
    }

    @Test func `a certificate that cannot be read is said`() async throws {
        await #expect {
            _ = try await TestServer.start(
                identity: .init(certificatePath: "/nonexistent.pem", privateKeyPath: "/none.pem"))
        } throws: { error in
            (error as? SocketServerError)?.code == .identity
                && "\(error)".contains("/nonexistent.pem")
        }
    }
}
