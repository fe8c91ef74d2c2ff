/// Finds each setting's strongest value and turns it into its type, remembering where it came from.
struct SettingsReader {
    private let input: Settings.Input
    private let file: ConfigurationFile?
    private(set) var entries: [Settings.Entry] = []

    init(_ input: Settings.Input) throws(SettingsError) {
        self.input = input
        file = try input.file.map { file throws(SettingsError) in
            try ConfigurationFile(file.text, name: file.name)
        }
        for key in input.flags.keys.sorted() where SettingName(rawValue: key) == nil {
            throw SettingsError(nil, .flag("--\(key)"), ConfigurationFile.unknown(key))
        }
    }

    /// The text of a setting; `nil` if nobody gave one and there is no default.
    mutating func text(
        _ name: SettingName, default builtIn: String? = nil
    ) -> (text: String, source: SettingSource)? {
        let found = given(name) ?? builtIn.map { ($0, .builtIn) }
        let shown = found.map { Self.shown($0.text, name) }
        entries.append(
            Settings.Entry(name: name, text: shown ?? "", source: found?.source ?? .builtIn))
        return found
    }

    /// A setting that must read as a type.
    ///
    /// - Parameters:
    ///   - builtIn: the default's text.
    ///   - expected: what it must be, as in "HOST:PORT".
    ///   - read: makes the value; `nil` refuses the text.
    mutating func value<Value>(
        _ name: SettingName, default builtIn: String, expected: String,
        _ read: (String) -> Value?
    ) throws(SettingsError) -> Value {
        let (text, source) = text(name, default: builtIn) ?? (builtIn, .builtIn)
        guard let value = read(text) else {
            let shown = name.isSecret ? "" : ", not `\(text.prefix(64))`"
            throw SettingsError(name, source, "must be \(expected)\(shown)")
        }
        return value
    }

    /// A whole number within bounds.
    mutating func number(
        _ name: SettingName, default builtIn: Int, in range: ClosedRange<Int>
    ) throws(SettingsError) -> Int {
        try value(
            name, default: String(builtIn),
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
        ) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static func shown(_ text: String, _ name: SettingName) -> String {
        if name == .sentinelPassword { return "***" }
        return name.isSecret ? BrokerMask.masked(text) : text
    }

    private func given(_ name: SettingName) -> (text: String, source: SettingSource)? {
        if let text = input.flags[name.rawValue] { return (text, .flag(name.flag)) }
        // Container files often set variables to nothing when they mean: not set.
        if let text = input.environment[name.variable], !text.isEmpty {
            return (text, .environment(name.variable))
        }
        if let file, let source = input.file, let value = file.values[name] {
            return (value.text, .file(name: source.name, line: value.line))
        }
        return nil
    }
}
