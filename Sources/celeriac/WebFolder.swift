internal import Foundation
internal import Gateway

/// Where the dashboard's files are.
enum WebFolder {
    /// Folders above the program's that are looked into: a build's program lies four below the
    /// project's.
    private static let levels = 5

    /// The first folder that holds a dashboard: `web` where we are started, then `web` beside the
    /// program or above it, then `share/celeriac/web` above it.
    static func builtIn() -> String {
        places().first(where: isDashboard) ?? "web"
    }

    /// Refuses a folder without a dashboard, before anything is opened.
    ///
    /// - Throws: which folder, who named it, and what to do.
    static func check(_ settings: Settings) throws {
        guard !isDashboard(settings.web) else { return }
        let source = settings.entries.first { $0.name == .web }?.source ?? .builtIn
        let path = URL(filePath: settings.web).standardizedFileURL.path(percentEncoded: false)
        throw SettingsError(
            .web, source,
            "no index.html in \(path): name the folder of the dashboard's files with --web")
    }

    private static func isDashboard(_ folder: String) -> Bool {
        FileManager.default.isReadableFile(atPath: "\(folder)/index.html")
    }

    private static func places() -> [String] {
        var places = ["web"]
        guard let program = Bundle.main.executableURL else { return places }
        for start in [program, program.resolvingSymlinksInPath()] {
            var folder = start.deletingLastPathComponent()
            for _ in 0..<levels {
                for name in ["web", "share/celeriac/web"] {
                    places.append(folder.appending(path: name).path(percentEncoded: false))
                }
                folder.deleteLastPathComponent()
            }
        }
        return places
    }
}
