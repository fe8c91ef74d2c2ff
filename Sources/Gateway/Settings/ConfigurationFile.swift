/// The configuration file: lines of `key = value`.
///
/// Keys are those of ``SettingName``. A `#` at the start of a line makes a comment; a value may stand
/// in double quotes, which are taken off, with nothing special inside. Each key at most once.
struct ConfigurationFile {
    /// Most bytes of a file.
    static let maximumBytes = 65_536

    /// Values by key, with their lines, counted from 1.
    let values: [SettingName: (text: String, line: Int)]

    /// Reads a file's text.
    ///
    /// - Parameter name: the file's, for messages.
    init(_ text: String, name: String) throws(SettingsError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw SettingsError(
                nil, .file(name: name, line: 1),
                "a configuration file has at most \(Self.maximumBytes) bytes")
        }
        var values: [SettingName: (text: String, line: Int)] = [:]
        var number = 0
        // `\r\n` is one character of a Swift string, so this takes the ends of all systems.
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let content = Self.trimmed(number == 1 ? line.trimmingPrefix("\u{FEFF}") : line)
            guard !content.isEmpty, content.first != "#" else { continue }
            let source = SettingSource.file(name: name, line: number)
            guard let equals = content.firstIndex(of: "=") else {
                throw SettingsError(nil, source, "expected `key = value`")
            }
            let key = String(Self.trimmed(content[..<equals]))
            guard let setting = SettingName(rawValue: key) else {
                throw SettingsError(nil, source, Self.unknown(key))
            }
            if let earlier = values[setting] {
                throw SettingsError(
                    setting, source, "it was given before, in line \(earlier.line)")
            }
            let value = Self.trimmed(content[content.index(after: equals)...])
            values[setting] = (try Self.unquoted(value, setting, source), number)
        }
        self.values = values
    }

    /// What to say about a key that is none.
    static func unknown(_ key: String) -> String {
        let names = SettingName.allCases.map(\.rawValue).joined(separator: ", ")
        return "there is no setting `\(key.prefix(64))`; there are \(names)"
    }

    private static func unquoted(
        _ value: Substring, _ setting: SettingName, _ source: SettingSource
    ) throws(SettingsError) -> String {
        guard value.first == "\"" else { return String(value) }
        guard value.count >= 2, value.last == "\"" else {
            throw SettingsError(setting, source, "the closing quote is missing")
        }
        return String(value.dropFirst().dropLast())
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
