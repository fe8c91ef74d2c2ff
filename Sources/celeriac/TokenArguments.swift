internal import ArgumentParser
internal import Gateway
internal import Ports

/// Reads a role from the command line.
enum RoleArgument {
    static func read(_ text: String) throws -> Role {
        guard let role = Role(rawValue: text) else {
            let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("must be one of \(names)")
        }
        return role
    }
}

/// Reads a span of time from the command line.
enum SpanArgument {
    /// Seconds for which a link can work at most: it is a password until it is used.
    static let longestLink = 86_400

    static func read(_ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(text) else {
            throw ValidationError("must be a span such as 45s, 30m, 12h, 30d or 1y")
        }
        return span
    }

    static func readLink(_ text: String) throws -> TimeSpan {
        let span = try read(text)
        guard span.seconds <= longestLink else { throw ValidationError("a day at most") }
        return span
    }
}
