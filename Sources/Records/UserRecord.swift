internal import GRDB

/// Somebody with a name and a password, as recorded; the hash of the password stays in the records.
package struct UserRecord: Sendable, Equatable {
    /// Who it is: its id is the ``Principal/id`` of the user.
    package var token: TokenRecord
    /// When the password was last set, unix seconds.
    package var passwordSetAt: Double

    init(_ row: Row) throws {
        token = try TokenRecord(row)
        passwordSetAt = row["passwordSet"]
    }
}
