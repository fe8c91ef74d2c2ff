internal import ArgumentParser
internal import Credentials
internal import Foundation
internal import Ports
internal import Records

/// Adds, lists, changes and removes users with passwords. Works beside a running gateway, which notices within
/// seconds.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Add, list, change and remove users with passwords; end their sessions.",
        subcommands: [
            Add.self, List.self, Password.self, ChangeRole.self, Remove.self, SignOut.self,
            Totp.self,
        ])
}

extension UserCommand {
    /// Adds a user.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user who signs in with a name and a password.")

        @OptionGroup var settings: SettingsOptions
        @OptionGroup var input: PasswordInput
        @Argument(help: "Their name; no other user or token may have it.") var name: String
        @Option(help: "viewer, operator, admin, wall or bot.", transform: RoleArgument.read)
        var role: Role

        func run() async throws {
            let (name, role, password) = (name, role, try input.read())
            try await RecordsTool.run(settings) { store in
                let user = try await store.addUser(
                    name: name, role: role,
                    password: try await PasswordWorkers().hash(password),
                    now: Date().timeIntervalSince1970, remote: "local", by: RecordsTool.user)
                RecordsTool.say("user \(user.id): \(user.name), \(user.role.rawValue)")
            }
        }
    }

    /// Lists users, oldest first.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List users.")

        @OptionGroup var settings: SettingsOptions
        @Flag(help: "Print JSON, one object a line.") var json = false

        func run() async throws {
            let isJson = json
            try await RecordsTool.run(settings) { store in
                let users = try await store.users()
                for line in isJson ? try UserTable.json(users) : UserTable.text(users) {
                    RecordsTool.answer(line)
                }
            }
        }
    }

    /// Gives a user another password.
    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a user's password; their sessions end within 5 s.")

        @OptionGroup var settings: SettingsOptions
        @OptionGroup var input: PasswordInput
        @Argument(help: "Their id or name.") var user: String

        func run() async throws {
            let (reference, password) = (user, try input.read())
            try await RecordsTool.run(settings) { store in
                let changed = try await store.setPassword(
                    of: reference, to: try await PasswordWorkers().hash(password),
                    now: Date().timeIntervalSince1970, remote: "local", by: RecordsTool.user)
                RecordsTool.say("user \(changed.id): \(changed.name) has another password")
            }
        }
    }

    /// Gives a user another role.
    struct ChangeRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "role",
            abstract: "Change what a user may; live sockets learn it within 5 s.")

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "Their id or name.") var user: String
        @Argument(help: "viewer, operator, admin, wall or bot.", transform: RoleArgument.read)
        var role: Role

        func run() async throws {
            let (reference, role) = (user, role)
            try await RecordsTool.run(settings) { store in
                let changed = try await store.changeRole(
                    ofUser: reference, to: role, now: Date().timeIntervalSince1970,
                    remote: "local", by: RecordsTool.user)
                RecordsTool.say(
                    "user \(changed.id): \(changed.name) is now \(changed.role.rawValue)")
            }
        }
    }

    /// Removes a user with their sessions.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a user; live sockets lose their rights within 5 s.")

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "Their id or name.") var user: String

        func run() async throws {
            let reference = user
            try await RecordsTool.run(settings) { store in
                let removed = try await store.removeUser(
                    reference, now: Date().timeIntervalSince1970, remote: "local",
                    by: RecordsTool.user)
                RecordsTool.say("removed user \(removed.id): \(removed.name)")
            }
        }
    }

    /// Ends all sessions of somebody.
    struct SignOut: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End all sessions of a user, or of a token's owner, within 5 s.")

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "The id or name of a user or token.") var user: String

        func run() async throws {
            let reference = user
            try await RecordsTool.run(settings) { store in
                let (count, owner) = try await store.closeSessions(
                    of: reference, now: Date().timeIntervalSince1970, remote: "local",
                    by: RecordsTool.user)
                RecordsTool.say("ended \(count) sessions of \(owner.name)")
            }
        }
    }

    /// Gives a user a second factor.
    struct Totp: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a user for codes of an app (TOTP) too, and print its address, once.")

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "Their id or name.") var user: String
        @Flag(help: "Ask for no codes any more.") var off = false

        func run() async throws {
            let (reference, secret) = (user, off ? nil : try TimeCode.makeSecret())
            try await RecordsTool.run(settings) { store in
                let changed = try await store.setSecondFactor(
                    of: reference, to: secret, now: Date().timeIntervalSince1970,
                    remote: "local", by: RecordsTool.user)
                guard let secret else {
                    RecordsTool.say("user \(changed.id): \(changed.name) is asked for no codes")
                    return
                }
                RecordsTool.say(
                    "user \(changed.id): \(changed.name) is asked for codes from now on; "
                        + "the address for the app is shown this once")
                RecordsTool.answer(TimeCode.address(secret: secret, name: changed.name))
            }
        }
    }
}
