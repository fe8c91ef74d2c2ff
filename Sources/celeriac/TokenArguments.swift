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

/// Reads the names that a token is for.
enum ScopeArgument {
    static func topics(_ text: String) throws -> Set<String> {
        try names(text, among: ScopeNames.topics)
    }

    static func commands(_ text: String) throws -> Set<String> {
        try names(text, among: ScopeNames.commands)
    }

    private static func names(_ text: String, among known: [String]) throws -> Set<String> {
        let names = text.split(separator: ",").map(String.init)
        if let stranger = names.first(where: { !known.contains($0) }) {
            throw ValidationError("\(stranger) is none of \(known.joined(separator: ", "))")
        }
        guard !names.isEmpty else { throw ValidationError("must name at least one") }
        return Set(names)
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
