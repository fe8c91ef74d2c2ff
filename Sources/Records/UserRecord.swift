internal import Foundation
internal import GRDB

/// Somebody with a name and a password, as recorded; the hash of the password stays in the records.
package struct UserRecord: Sendable, Equatable {
    /// Who it is: its id is the ``Principal/id`` of the user.
    package var token: TokenRecord
    /// When the password was last set, unix seconds.
    package var passwordSetAt: Double
    /// Whether a code of a second factor is asked for.
    package var hasSecondFactor: Bool

    init(_ row: Row) throws {
        token = try TokenRecord(row)
        passwordSetAt = row["passwordSet"]
        hasSecondFactor = (row["totpSecret"] as Data?) != nil
    }
}
