internal import GRDB
internal import Logging
package import Ports
internal import Synchronization

/// A site's records in one SQLite file, `celeriac.sqlite`.
///
/// Changes run one after the other on GRDB's writer queue, reads beside them on two reader
/// connections (WAL); the caller's thread never waits. `synchronous=FULL`: when a change returns, it
/// is on the disk (https://www.sqlite.org/pragma.html#pragma_synchronous).
package final class RecordStore: RecordsHealth {
    /// Who opens the records.
    package enum Purpose: Sendable {
        /// A gateway: the only one on this directory.
        case gateway
        /// A tool of the command line; works beside a running gateway.
        case tool
    }

    /// Sentences for the operator about what is not as it should be, such as wide permissions.
    package let warnings: [String]
    let secrets: any SecretSource
    private let pool: DatabasePool
    private let lock: DirectoryLock?
    private let waiting = Atomic<Int>(0)
    private let failing = Mutex<RecordsError?>(nil)

    /// Opens the records, and makes or migrates them if needed. Blocks; call it before the loop runs.
    ///
    /// - Parameters:
    ///   - directory: made with mode 0700 if it does not exist.
    ///   - purpose: whether to keep other gateways away.
    ///   - secrets: makes tokens and hashes.
    package init(
        directory path: String, purpose: Purpose, secrets: any SecretSource
    ) throws(RecordsError) {
        let (directory, warnings) = try DataDirectory.prepare(path)
        self.warnings = warnings
        self.secrets = secrets
        lock = purpose == .gateway ? try DirectoryLock(directory: directory) : nil
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(Limits.busySeconds)
        configuration.maximumReaderCount = 2
        configuration.label = "records"
        do {
            pool = try DatabasePool(path: directory.database, configuration: configuration)
            // After the opening, because GRDB sets NORMAL when it switches to WAL.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.migrate(pool, file: directory.database)
        } catch {
            throw RecordsError(error, during: "opening \(directory.database)")
        }
    }

    /// Closes the file after what is under way; later calls fail. Releases the directory's lock with
    /// the last reference to the store.
    package func close() throws(RecordsError) {
        do {
            try pool.close()
        } catch {
            throw RecordsError(error, during: "closing the records")
        }
    }

    private static func migrate(_ pool: DatabasePool, file: String) throws {
        let migrator = Schema.migrator
        guard try !pool.read(migrator.hasBeenSuperseded) else {
            throw RecordsError(
                .newerSchema, "\(file) was written by a later release of celeriac; use that one")
        }
        try migrator.migrate(pool)
    }

    /// Performs changes in one transaction, all or none.
    ///
    /// - Parameter attempt: what is tried, for the error's message, as in "recording a command".
    func write<Result: Sendable>(
        _ attempt: String, _ changes: @Sendable (Database) throws -> Result
    ) async throws(RecordsError) -> Result {
        do {
            let result = try await bounded(attempt) { try await self.pool.write(changes) }
            failing.withLock { $0 = nil }
            return result
        } catch {
            if error.code.isLasting { failing.withLock { $0 = error } }
            throw error
        }
    }

    /// Reads the last committed state.
    func read<Result: Sendable>(
        _ attempt: String, _ query: @Sendable (Database) throws -> Result
    ) async throws(RecordsError) -> Result {
        try await bounded(attempt) { try await self.pool.read(query) }
    }

    package var trouble: RecordsError? { failing.withLock { $0 } }

    package func probe() async {
        // An error is in `trouble` afterwards. The value changes, so that a page is written.
        _ = try? await write("trying whether the records can be written") { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO settings VALUES ('probe', hex(randomblob(8)), 0)")
        }
    }

    private func bounded<Result: Sendable>(
        _ attempt: String, _ access: () async throws -> Result
    ) async throws(RecordsError) -> Result {
        let count = waiting.add(1, ordering: .relaxed).newValue
        defer { waiting.subtract(1, ordering: .relaxed) }
        guard count <= Limits.waiting else {
            throw RecordsError(.overloaded, "\(attempt): \(Limits.waiting) accesses wait already")
        }
        do {
            return try await access()
        } catch {
            throw RecordsError(error, during: attempt)
        }
    }
}
