internal import Foundation
internal import Gateway

/// Reads the client's secret, which stands in a file: flags can be read by other users, and so can variables by
/// whoever the process starts.
enum OpenIDFiles {
    /// Bytes of a secret.
    private static let secretBytes = 1...1_024

    /// - Returns: the secret, if there is a file, and sentences to be logged.
    /// - Throws: what is wrong with the file.
    static func read(_ settings: OpenIDSettings) throws -> (secret: String?, warnings: [String]) {
        guard let path = settings.secretFile else { return (nil, []) }
        let name = SettingName.oidcClientSecretFile
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SettingsError(nil, .flag(name.flag), "the file \(path) cannot be read")
        }
        let secret = String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard secretBytes.contains(secret.utf8.count),
            secret.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else {
            throw SettingsError(
                nil, .flag(name.flag),
                "the file \(path) must hold one line of \(secretBytes.lowerBound) to "
                    + "\(secretBytes.upperBound) printable characters")
        }
        let isOpen = FileModes.isReadableByOthers(path)
        return (secret, isOpen ? ["\(path) can be read by others: chmod 600 \(path)"] : [])
    }
}
