internal import ArgumentParser
internal import Credentials

/// Reads a new password: never from an argument, which every user of the machine can see.
struct PasswordInput: ParsableArguments {
    @Flag(help: "Read the password from the first line of standard input, without asking.")
    var passwordStdin = false

    /// Asks twice on the terminal, without showing what is typed, or takes the line of standard input.
    func read() throws -> String {
        if passwordStdin {
            guard let line = readLine(strippingNewline: true) else {
                throw ValidationError("--password-stdin: standard input holds no line")
            }
            return line
        }
        guard let password = HiddenInput.ask("New password: "),
            let again = HiddenInput.ask("Once more: ")
        else {
            throw ValidationError(
                "standard input is no terminal: give the password by --password-stdin")
        }
        guard password == again else {
            throw ValidationError("the two are not the same; nothing was changed")
        }
        return password
    }
}
