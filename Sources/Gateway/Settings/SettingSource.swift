/// Where a setting's value comes from, strongest first.
package enum SettingSource: Sendable, Equatable, CustomStringConvertible {
    /// A flag of the command line, such as `--listen`.
    case flag(String)
    /// A variable of the environment, such as `CELERIAC_LISTEN`.
    case environment(String)
    /// A line of the configuration file.
    case file(name: String, line: Int)
    /// Nobody gave one.
    case builtIn

    package var description: String {
        switch self {
        case .flag(let name): name
        case .environment(let name): name
        case .file(let name, let line): "\(name), line \(line)"
        case .builtIn: "default"
        }
    }
}
