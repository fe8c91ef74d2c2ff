internal import Credentials
internal import Foundation
internal import Gateway
internal import Ports

/// Looks at certificate and key before the server does: libwebsockets would not say what is wrong.
enum TlsFiles {
    /// Days before its end from which a certificate is worth a warning.
    private static let warningDays = 14

    /// - Returns: sentences to be logged.
    /// - Throws: which setting, and what is wrong with its file.
    static func check(_ settings: Settings) throws -> [String] {
        guard let tls = settings.tls else { return [] }
        let pair: CertificatePair
        do throws(CredentialError) {
            pair = try CertificatePair(certificate: tls.certificate, key: tls.key)
        } catch {
            let source = settings.entries.first { $0.name == .tlsCert }?.source ?? .builtIn
            throw SettingsError(.tlsCert, source, error.message)
        }
        if let authority = settings.clientAuthority {
            do throws(CredentialError) {
                _ = try ClientCertificate(path: authority, now: 0)
            } catch {
                let source =
                    settings.entries.first { $0.name == .tlsClientCA }?.source ?? .builtIn
                throw SettingsError(.tlsClientCA, source, error.message)
            }
        }
        var warnings: [String] = []
        if pair.daysLeft < warningDays {
            warnings.append(
                pair.daysLeft < 0
                    ? "the certificate \(tls.certificate) has ended: browsers will refuse it"
                    : "the certificate \(tls.certificate) ends in \(pair.daysLeft) days")
        }
        if FileModes.isReadableByOthers(tls.key) {
            warnings.append("the key \(tls.key) can be read by others: chmod 600 \(tls.key)")
        }
        return warnings
    }
}
