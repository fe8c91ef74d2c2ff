internal import ArgumentParser
internal import Foundation
internal import Gateway

/// Where the settings come from besides the flags; every verb takes it.
struct SettingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "File with lines of `key = value`; the keys are the flags' names without dashes.",
            valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Directory of the records.", valueName: "dir"))
    var data: String?

    /// Resolves all settings: flags, then the environment, then the file, then the defaults.
    ///
    /// - Parameter flags: those of the verb itself, by name.
    func resolve(_ flags: [String: String] = [:]) throws -> Settings {
        let environment = ProcessInfo.processInfo.environment
        var flags = flags
        flags[SettingName.data.rawValue] = data
        let path = config ?? environment["CELERIAC_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        return try Settings(
            Settings.Input(
                flags: flags, environment: environment,
                file: try path.map { (name: $0, text: try text(of: $0)) },
                webFolder: WebFolder.builtIn()))
    }

    private func text(of path: String) throws -> String {
        let source: SettingSource =
            config == nil ? .environment("CELERIAC_CONFIG") : .flag("--config")
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SettingsError(nil, source, "the file \(path) cannot be read")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw SettingsError(nil, source, "the file \(path) is not UTF-8 text")
        }
        return text
    }
}
