internal import Foundation

/// A line that a person types without its being shown.
package enum HiddenInput {
    /// Asks on the terminal of the process; `nil` if there is none that could be read.
    package static func ask(_ prompt: String) -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return nil }
        // SAFETY: getpass returns a terminated text of its own that stays until the next call.
        guard let text = unsafe getpass(prompt) else { return nil }
        return unsafe String(cString: text)
    }
}
