internal import ArgumentParser
internal import Credentials
internal import Foundation
internal import Gateway
internal import Ports
internal import Records

/// Makes, lists, changes and revokes tokens, and makes one-time links. Works beside a running gateway, which
/// notices within seconds.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list, change and revoke tokens; make one-time login links.",
        subcommands: [Create.self, List.self, ChangeRole.self, Limit.self, Revoke.self, Link.self])
}

extension TokenCommand {
    /// Prints the new token alone on a line of standard output; all else goes to standard error, so
    /// that a script can take it as it is.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a bearer token and print it, once; or pin a client certificate.")

        @OptionGroup var settings: SettingsOptions
        @Option(help: "viewer, operator, admin, wall or bot.", transform: RoleArgument.read)
        var role: Role
        @Option(help: "Name for people, such as ops-laptop.") var name: String
        @Option(
            help: ArgumentHelp(
                "Topics that it may read, with commas between; all of its role if not given.",
                valueName: "names"),
            transform: ScopeArgument.topics)
        var topics: Set<String>?
        @Option(
            help: ArgumentHelp(
                "Commands that it may give, with commas between; all of its role if not given.",
                valueName: "names"),
            transform: ScopeArgument.commands)
        var commands: Set<String>?
        @OptionGroup var grant: GrantOptions
        @Option(
            help: ArgumentHelp(
                "Make no token: its owner comes in by this client certificate (PEM), until that ends. Needs serve --tls-client-ca.",
                valueName: "file"))
        var certificate: String?
        @Option(
            help: ArgumentHelp(
                "When it ends, as in 12h, 30d; never if not given.", valueName: "span"),
            transform: SpanArgument.read)
        var expires: TimeSpan?

        func run() async throws {
            let (name, role, span) = (name, role, expires)
            let certificate = try certificate.map {
                try ClientCertificate(path: $0, now: Date().timeIntervalSince1970)
            }
            let scope = Scope(
                topics: topics, commands: commands, queues: grant.queuePatterns,
                tasks: grant.taskPatterns)
            try await RecordsTool.run(settings) { store in
                let now = Date().timeIntervalSince1970
                let end = span.map { now + Double($0.seconds) }
                if let certificate {
                    let end = min(end ?? .infinity, certificate.endsAt)
                    let id = try await store.pinCertificate(
                        key: certificate.key, name: name, role: role, scope: scope,
                        expiresAt: end, now: now, remote: "local", by: RecordsTool.user)
                    RecordsTool.say(
                        "token \(id): \(name), \(role.rawValue), by this client certificate until \(RecordsTool.time(end))"
                    )
                    return
                }
                let token = try await store.createToken(
                    name: name, role: role, scope: scope, expiresAt: end, now: now,
                    remote: "local", by: RecordsTool.user)
                RecordsTool.say(
                    "token \(token.id): \(name), \(role.rawValue), "
                        + (end.map { "until \(RecordsTool.time($0))" } ?? "without end")
                        + "; it is shown this once")
                RecordsTool.answer(token.text)
            }
        }
    }

    /// Lists tokens, oldest first.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List tokens; their secrets are kept nowhere.")

        @OptionGroup var settings: SettingsOptions
        @Flag(help: "Print JSON, one object a line.") var json = false

        func run() async throws {
            let isJson = json
            try await RecordsTool.run(settings) { store in
                let now = Date().timeIntervalSince1970
                let tokens = try await store.tokens()
                for line in isJson
                    ? try TokenTable.json(tokens, now: now) : TokenTable.text(tokens, now: now)
                {
                    RecordsTool.answer(line)
                }
            }
        }
    }

    /// Gives a token's owner another role.
    struct ChangeRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "role",
            abstract: "Change what a token's owner may; live sockets learn it within 5 s.")

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "Its id or its name.") var token: String
        @Argument(help: "viewer, operator, admin, wall or bot.", transform: RoleArgument.read)
        var role: Role

        func run() async throws {
            let (reference, role) = (token, role)
            try await RecordsTool.run(settings) { store in
                let changed = try await store.changeRole(
                    of: reference, to: role, now: Date().timeIntervalSince1970, remote: "local",
                    by: RecordsTool.user)
                RecordsTool.say(
                    "token \(changed.id): \(changed.name) is now \(changed.role.rawValue)")
            }
        }
    }

    /// Limits a token's owner to other queues and names of tasks.
    struct Limit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Limit a token's owner, or a user, to queues and names of tasks; live sockets learn it within 5 s.",
            discussion: "What is given takes the place of what was; --none lifts these limits.")

        @OptionGroup var settings: SettingsOptions
        @OptionGroup var grant: GrantOptions
        @Argument(help: "Its id or its name, or a user's.") var token: String
        @Flag(help: "Lift all limits to queues and names of tasks.") var none = false

        func validate() throws {
            guard none == (grant.queues.isEmpty && grant.tasks.isEmpty) else {
                throw ValidationError("give --queue or --task, or --none to lift the limits")
            }
        }

        func run() async throws {
            let (reference, queues, tasks) = (token, grant.queuePatterns, grant.taskPatterns)
            try await RecordsTool.run(settings) { store in
                let changed = try await store.limit(
                    reference, queues: queues, tasks: tasks, now: Date().timeIntervalSince1970,
                    remote: "local", by: RecordsTool.user)
                RecordsTool.say(
                    "token \(changed.id): \(changed.name), \(changed.scope.text ?? "without limits")"
                )
            }
        }
    }

    /// Revokes a token with its sessions.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token; live sockets lose their rights within 5 s.")

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "Its id or its name.") var token: String

        func run() async throws {
            let reference = token
            try await RecordsTool.run(settings) { store in
                let revoked = try await store.revokeToken(
                    reference, now: Date().timeIntervalSince1970, remote: "local",
                    by: RecordsTool.user)
                RecordsTool.say("revoked token \(revoked.id): \(revoked.name)")
            }
        }
    }

    /// Prints a one-time login code as the fragment of the dashboard's address, or as the whole link.
    struct Link: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a one-time login link for a browser and print it.")

        @OptionGroup var settings: SettingsOptions
        @Option(help: "Whose session it opens: a token's id or name. An admin's if not given.")
        var name: String?
        @Option(
            help: ArgumentHelp(
                "The dashboard's address, such as http://127.0.0.1:8555.", valueName: "address"))
        var url: String?
        @Option(
            help: ArgumentHelp("For how long it works, once.", valueName: "span"),
            transform: SpanArgument.readLink)
        var expires: TimeSpan?

        func run() async throws {
            let (name, url, span) = (name, url, expires)
            try await RecordsTool.run(settings) { store in
                let now = Date().timeIntervalSince1970
                let seconds = Double(span?.seconds ?? 600)
                let code: LoginCode
                if let name {
                    code = try await store.makeLoginCode(
                        for: name, seconds: seconds, now: now, remote: "local",
                        by: RecordsTool.user)
                } else {
                    code = try await FirstStart.makeAdminLink(
                        store, seconds: seconds, now: now, by: RecordsTool.user)
                }
                RecordsTool.say(
                    "opens one session of \(code.principal.name) "
                        + "(\(code.principal.role.rawValue)), "
                        + "until \(RecordsTool.time(code.expiresAt))")
                let base = url.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? ""
                RecordsTool.answer("\(base)#login=\(code.text)")
            }
        }
    }
}
