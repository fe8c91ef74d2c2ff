import Credentials
import Foundation
import Gateway
import Records

/// The list to which workers write their answers: the same after a restart, so that answers to commands of
/// the last run still find who asked.
enum ReplyList {
    private static let setting = "reply list"

    /// Name of the list's key.
    ///
    /// A copy of the data folder on another machine gets a name of its own: two gateways on one list would
    /// take each other's answers.
    static func key(
        _ store: RecordStore, _ secrets: OpenSSLSecrets, now: Double
    ) async throws -> String {
        let host = ProcessInfo.processInfo.hostName
        let known = try await store.setting(setting)?.split(separator: " ")
        if let known, known.count == 2, known[1] == host {
            return CelerySettings.replyKeyStart + known[0]
        }
        let name = try secrets.makeIdentifier()
        try await store.set(setting, to: "\(name) \(host)", now: now)
        return CelerySettings.replyKeyStart + name
    }
}
