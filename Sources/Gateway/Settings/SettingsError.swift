/// Why the settings cannot be used: says which one, where it was given and what it must be.
package struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The setting, if it is about a known one.
    package var name: SettingName?
    /// Where it was given.
    package var source: SettingSource
    /// What is wrong, and what would be right; never a value that may hold a password.
    package var message: String

    /// The whole sentence for people.
    package var description: String {
        guard let name else { return "\(source): \(message)" }
        return switch source {
        case .flag, .environment: "\(source): \(message)"
        case .file, .builtIn: "\(name.rawValue) (\(source)): \(message)"
        }
    }

    /// Makes an error.
    package init(_ name: SettingName?, _ source: SettingSource, _ message: String) {
        self.name = name
        self.source = source
        self.message = message
    }
}
