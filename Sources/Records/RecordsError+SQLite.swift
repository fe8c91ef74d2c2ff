internal import GRDB
internal import Ports

extension RecordsError {
    /// What a failure means to those who know no SQLite.
    ///
    /// - Parameters:
    ///   - error: what the database, or a check of ours, threw.
    ///   - attempt: what was tried, as in "recording a command".
    init(_ error: any Error, during attempt: String) {
        switch error {
        case let error as RecordsError:
            self = error
        case let error as CredentialError:
            self.init(.failed, "\(attempt): \(error.message)")
        case is CancellationError:
            self.init(.cancelled, "\(attempt): the caller no longer waits")
        case let error as DatabaseError:
            // `message` is SQLite's own sentence; `description` would add the statement.
            let detail = error.message ?? "SQLite error \(error.resultCode.rawValue)"
            self.init(Self.code(of: error.resultCode), "\(attempt): \(detail)")
        default:
            self.init(.failed, "\(attempt): \(type(of: error))")
        }
    }

    /// The kind of failure of a primary result code (https://www.sqlite.org/rescode.html).
    static func code(of result: ResultCode) -> Code {
        switch result.primaryResultCode {
        case .SQLITE_FULL: .diskFull
        case .SQLITE_READONLY, .SQLITE_PERM: .readOnly
        case .SQLITE_IOERR: .inputOutput
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: .damaged
        case .SQLITE_CANTOPEN: .cannotOpen
        case .SQLITE_CONSTRAINT: .conflict
        case .SQLITE_TOOBIG: .invalid
        case .SQLITE_INTERRUPT: .cancelled
        default: .failed
        }
    }
}
