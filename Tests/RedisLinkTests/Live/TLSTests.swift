import EventLoop
import Foundation
import Ports
import RedisLink
import Testing

/// Certificates made by the `openssl` program in a temporary folder.
private final class Certificates: Sendable {
    let folder: URL
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    init() throws {
        folder = try RedisProcess.temporaryFolder()
        for authority in ["ca", "other"] {
            try check(
                run(
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=\(authority)", "-keyout", "\(authority).key", "-out", "\(authority).pem",
                    in: folder))
        }
        try sign("server", names: "DNS:localhost,IP:127.0.0.1")
        try sign("misnamed", names: "DNS:elsewhere.example")
        try sign("client", names: "DNS:client")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func sign(_ name: String, names: String) throws {
        try "subjectAltName=\(names)".write(
            to: folder.appendingPathComponent("\(name).ext"), atomically: true, encoding: .utf8)
        try check(
            run(
                "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).csr",
                in: folder))
        try check(
            run(
                "openssl", "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "\(name).ext", "-out",
                "\(name).pem", in: folder))
    }

    private func check(_ code: Int32) throws {
        if code != 0 { throw Overdue(description: "openssl failed with \(code)") }
    }

    func server(_ name: String = "server", clients: String = "no") async throws
        -> (RedisProcess, Int)
    {
        let port = try RedisProcess.freePort()
        let process = try await RedisProcess(configuration: [
            "tls-port \(port)", "tls-cert-file \(path("\(name).pem"))",
            "tls-key-file \(path("\(name).key"))", "tls-ca-cert-file \(path("ca.pem"))",
            "tls-auth-clients \(clients)",
        ])
        return (process, port)
    }
}

private func over(_ port: Int, _ tls: TLSOptions, host: String = "127.0.0.1") -> RedisConfiguration
{
    RedisConfiguration(
        route: .servers([.init(.tcp(host: host, port: port), login: RedisLogin(tls: tls))]))
}

extension Live {
    @Suite struct TLS {
        @Test func `a verified server serves commands, a big value and a subscription`()
            async throws
        {
            let certificates = try Certificates()
            let (server, port) = try await certificates.server()
            let options = TLSOptions(authorityFile: certificates.path("ca.pem"))
            let big = [UInt8](repeating: 9, count: 5 << 20)

            for host in ["127.0.0.1", "localhost"] {
                let peer = try await RecordedConnection.ready(over(port, options, host: host))
                _ = try await peer.link.send([Array("SET".utf8), Array("big".utf8), big])
                #expect(try await peer.link.send("GET", "big") == .bulk(big))
                let events = try await RecordedSubscription.ready(
                    over(port, options, host: host), patterns: ["ev/*"], through: peer.link)
                _ = try await peer.link.pipeline(
                    (0..<3000).map { bytes("PUBLISH", "ev/a", "\($0)") })
                try await waitUntil("all came") { await events.messages == 3000 }
                #expect(await events.items == (0..<3000).map { "ev/a=\($0)" })
                try await waitUntil("a probe") { await !events.probes.isEmpty }
                await events.stop()
                await peer.stop()
            }
            server.stop()
        }

        @Test func `another authority, another name and the system's store are refused`()
            async throws
        {
            let certificates = try Certificates()
            let (server, port) = try await certificates.server()
            let (misnamed, otherPort) = try await certificates.server("misnamed")
            let ours = certificates.path("ca.pem")
            let cases: [(Int, TLSOptions, String)] = [
                (port, TLSOptions(authorityFile: certificates.path("other.pem")), "certificate"),
                (port, TLSOptions(), "certificate"),
                (port, TLSOptions(verification: .optional), "certificate"),
                (otherPort, TLSOptions(authorityFile: ours), "mismatch"),
                (port, TLSOptions(authorityFile: "/nonexistent.pem"), "/nonexistent.pem"),
            ]

            for (port, options, word) in cases {
                let peer = await RecordedConnection(over(port, options))
                try await waitUntil("refused") { await !peer.reasons.isEmpty }
                let reason = await peer.reasons[0]
                #expect(reason.contains(word), "\(reason)")
                #expect(await peer.connects == 0)
                await peer.stop()
            }
            server.stop()
            misnamed.stop()
        }

        @Test func `without verification or without the name check they are accepted`()
            async throws
        {
            let certificates = try Certificates()
            let (server, port) = try await certificates.server("misnamed")
            let ours = certificates.path("ca.pem")

            for options in [
                TLSOptions(verification: .none),
                TLSOptions(checksHostname: false, authorityFile: ours),
            ] {
                let peer = try await RecordedConnection.ready(over(port, options))
                #expect(try await peer.link.send("PING") == .status("PONG"))
                await peer.stop()
            }
            server.stop()
        }

        @Test func `a client certificate is shown to a server that asks for one`() async throws {
            let certificates = try Certificates()
            let (server, port) = try await certificates.server(clients: "yes")
            var options = TLSOptions(authorityFile: certificates.path("ca.pem"))
            let refused = await RecordedConnection(over(port, options))
            try await waitUntil("refused") { await !refused.reasons.isEmpty }
            await refused.stop()

            options.certificateFile = certificates.path("client.pem")
            options.keyFile = certificates.path("client.key")
            let peer = try await RecordedConnection.ready(over(port, options))

            #expect(try await peer.link.send("PING") == .status("PONG"))
            await peer.stop()
            server.stop()
        }

        @Test func `a plain server behind a TLS link is a told failure, not a hang`() async throws {
            let server = try await RedisProcess()

            let peer = await RecordedConnection(over(server.port, TLSOptions()))
            try await waitUntil("refused", seconds: 6) { await !peer.reasons.isEmpty }

            #expect(await peer.connects == 0)
            await peer.stop()
        }
    }
}
