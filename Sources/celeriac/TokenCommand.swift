internal import ArgumentParser
internal import Credentials
internal import Foundation
internal import Ports
internal import Records

/// Makes, lists and revokes tokens; works beside a running gateway.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make, list and revoke tokens.",
        subcommands: [Create.self, List.self, Revoke.self, Link.self])

    /// What all of them need.
    struct Site: ParsableArguments {
        @Option(help: "Directory of the records (CELERIAC_DATA).") var data: String?

        /// Opens the records of a directory that a gateway has made.
        func open() throws -> RecordStore {
            let path =
                data ?? ProcessInfo.processInfo.environment["CELERIAC_DATA"] ?? "celeriac-data"
            return try RecordStore(directory: path, purpose: .tool, secrets: OpenSSLSecrets())
        }

        var now: Double { Date().timeIntervalSince1970 }
        /// The user of the machine, for the audit.
        var user: String { NSUserName() }
    }

    /// `celeriac token create`
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a bearer token and print it; it is shown once and stored as a hash.")

        @OptionGroup var site: Site
        @Option(help: "viewer, operator, admin, wall or bot.") var role: Role
        @Option(help: "A name for people, such as ops-laptop.") var name: String
        @Option(help: "Life, such as 12h, 30d or 1y; for ever if not given.")
        var expires: TokenLife?

        func run() async throws {
            let token = try await site.open().createToken(
                name: name, role: role, expiresAt: expires.map { site.now + $0.seconds },
                now: site.now, remote: "local", by: site.user)
            print(token.text)
        }
    }

    /// `celeriac token list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens.")

        @OptionGroup var site: Site

        func run() async throws {
            let now = site.now
            for token in try await site.open().tokens() {
                let state =
                    token.revokedAt != nil
                    ? "revoked" : token.isValid(at: now) ? "valid" : "expired"
                let columns = [
                    token.id, state, token.role.rawValue, token.name,
                    "made \(Self.day(token.createdAt))",
                    token.expiresAt.map { "ends \(Self.day($0))" } ?? "never ends",
                    token.lastUsedAt.map { "used \(Self.day($0))" } ?? "never used",
                ]
                print(columns.joined(separator: "  "))
            }
        }

        private static func day(_ time: Double) -> String {
            Date(timeIntervalSince1970: time).formatted(.iso8601.year().month().day())
        }
    }

    /// `celeriac token revoke`
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token; live connections end within 5 s.")

        @OptionGroup var site: Site
        @Argument(help: "Id or name.") var token: String

        func run() async throws {
            let revoked = try await site.open().revokeToken(
                token, now: site.now, remote: "local", by: site.user)
            print("revoked \(revoked.id) \(revoked.name)")
        }
    }

    /// `celeriac token link`
    struct Link: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a one-time sign-in fragment for the owner of a token.",
            discussion: "Open http://HOST:PORT/ followed by what is printed, within 10 minutes.")

        @OptionGroup var site: Site
        @Option(help: "Id or name of the token.") var token = "admin"

        func run() async throws {
            let code = try await site.open().makeLoginCode(
                for: token, seconds: 600, now: site.now, remote: "local", by: site.user)
            print("#login=\(code.text)")
        }
    }
}

extension Role: ExpressibleByArgument {}

/// How long a token lives: a number and `m`, `h`, `d` or `y`.
struct TokenLife: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["m": 60, "h": 3_600, "d": 86_400, "y": 31_536_000]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int(argument.dropLast()),
            1...100_000 ~= count
        else { return nil }
        seconds = Double(count) * unit
    }
}
