internal import ArgumentParser
internal import Foundation

/// Where the gateway is and how one proves who one is: the options of every verb that talks to a
/// running gateway.
struct GatewayAddress: ParsableArguments {
    @Option(
        name: .customLong("url"),
        help: ArgumentHelp(
            "The gateway (CELERIAC_URL; http://127.0.0.1:8555 if neither is given).",
            valueName: "url"))
    var givenURL: String?

    @Option(
        help: ArgumentHelp(
            "File that holds a bearer token, or - for standard input (CELERIAC_TOKEN holds the token itself).",
            valueName: "file"))
    var tokenFile: String?

    /// The base URL, without a slash at its end.
    func url() throws -> URL {
        let text =
            givenURL ?? ProcessInfo.processInfo.environment["CELERIAC_URL"]
            ?? "http://127.0.0.1:8555"
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let url = URL(string: trimmed), ["http", "https"].contains(url.scheme ?? ""),
            url.host() != nil
        else { throw ValidationError("\(text) is no URL such as http://127.0.0.1:8555") }
        return url
    }

    /// The bearer token. Not an option of its own: everybody on the machine can read a command line.
    func token() throws -> String {
        if let tokenFile {
            let data =
                tokenFile == "-"
                ? FileHandle.standardInput.readDataToEndOfFile()
                : try Data(contentsOf: URL(filePath: tokenFile))
            return String(decoding: data.prefix(4_096), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard let token = ProcessInfo.processInfo.environment["CELERIAC_TOKEN"], !token.isEmpty
        else {
            throw ValidationError(
                "set CELERIAC_TOKEN or give --token-file; `celeriac token create` makes a token")
        }
        return token
    }
}
