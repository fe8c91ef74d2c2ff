import Foundation
import GRDB
import Ports
import Testing

@testable import Records

@Suite struct RecordStoreTests {
    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test func `a new directory and its files are the owner's alone`() async throws {
        let site = TemporarySite()

        let store = try site.open(.gateway)
        try await store.begin(1)

        #expect(try mode(site.path) == 0o700)
        for file in [
            "celeriac.sqlite", "celeriac.sqlite-wal", "celeriac.sqlite-shm", "gateway.lock",
        ] {
            #expect(try mode("\(site.path)/\(file)") == 0o600, "\(file)")
        }
        #expect(store.warnings.isEmpty)
    }

    @Test func `permissions that are too wide are told, and narrowed for the file`() throws {
        let site = TemporarySite()
        try FileManager.default.createDirectory(
            atPath: site.path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: site.path)
        try Data().write(to: URL(fileURLWithPath: site.database))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: site.database)

        let store = try site.open()

        #expect(store.warnings.count == 2)
        #expect(store.warnings.first?.contains("0755") == true)
        #expect(try mode(site.database) == 0o600)
    }

    @Test func `a commit is on the disk before it is reported`() async throws {
        let store = try TemporarySite().open()

        let pragmas = try await store.write("asking") { db in
            try ["synchronous", "foreign_keys", "busy_timeout"].map {
                try Int.fetchOne(db, sql: "PRAGMA \($0)")
            }
        }
        let journal = try await store.read("asking") {
            try String.fetchOne($0, sql: "PRAGMA journal_mode")
        }

        #expect(pragmas == [2, 1, 5000])
        #expect(journal == "wal")
    }

    @Test func `a second gateway on one directory is refused, a tool is not`() async throws {
        let site = TemporarySite()
        var first: RecordStore? = try site.open(.gateway)

        let refusal = #expect(throws: RecordsError.self) { try site.open(.gateway) }
        let tool = try site.open(.tool)
        try await tool.begin(1)
        let seen = try await first?.openCommands().count

        #expect(refusal?.code == .inUse)
        #expect(refusal?.message.contains("process \(getpid())") == true)
        #expect(seen == 1)

        try first?.close()
        first = nil
        _ = try site.open(.gateway)
    }

    @Test func `a file of a later release is left alone`() async throws {
        let site = TemporarySite()
        let store = try site.open()
        try await store.write("pretending") {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 later')")
        }
        try store.close()

        let refusal = #expect(throws: RecordsError.self) { try site.open() }

        #expect(refusal?.code == .newerSchema)
    }

    @Test func `a file that is no database is refused`() throws {
        let site = TemporarySite()
        try FileManager.default.createDirectory(
            atPath: site.path, withIntermediateDirectories: true)
        try Data(repeating: 0x78, count: 8192).write(to: URL(fileURLWithPath: site.database))

        let refusal = #expect(throws: RecordsError.self) { try site.open() }

        #expect(refusal?.code == .damaged)
    }

    @Test func `a directory that cannot be made is refused`() throws {
        let refusal = #expect(throws: RecordsError.self) {
            try RecordStore(
                directory: "/dev/null/celeriac", purpose: .tool, secrets: TestSecrets.shared)
        }

        #expect(refusal?.code == .cannotOpen)
    }

    @Test func `a full disk refuses changes, leaves nothing half done and lets reading go on`()
        async throws
    {
        let store = try TemporarySite().open()
        try await store.begin(1)
        // SQLite reports a file that may not grow in the same way as a disk without space.
        try await store.write("limiting") { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        var big = command(2)
        big.arguments = String(repeating: "x", count: 60_000)

        let refusal = await #expect(throws: RecordsError.self) {
            try await store.begin(
                big, claim: claim(2), audit: line("queue.purge"), revokes: [])
        }

        #expect(refusal?.code == .diskFull)
        #expect(try await store.openCommands().map(\.id) == ["c-1"])
        #expect(try await store.lines(after: 0, limit: 10).count == 1)

        try await store.write("unlimiting") {
            try $0.execute(sql: "PRAGMA max_page_count = 1073741823")
        }
        #expect(
            try await store.begin(
                big, claim: claim(2), audit: line("queue.purge"), revokes: []) == .new)
    }

    @Test func `a file that may not be written refuses changes and lets reading go on`()
        async throws
    {
        let store = try TemporarySite().open()
        try await store.begin(1)
        try await store.write("forbidding") { try $0.execute(sql: "PRAGMA query_only = 1") }

        let refusal = await #expect(throws: RecordsError.self) { try await store.begin(2) }

        #expect(refusal?.code == .readOnly)
        #expect(try await store.openCommands().count == 1)
    }

    @Test(arguments: [
        (ResultCode.SQLITE_FULL, RecordsError.Code.diskFull),
        (.SQLITE_READONLY_DBMOVED, .readOnly), (.SQLITE_IOERR_FSYNC, .inputOutput),
        (.SQLITE_BUSY_SNAPSHOT, .busy), (.SQLITE_CORRUPT_VTAB, .damaged),
        (.SQLITE_NOTADB, .damaged), (.SQLITE_CANTOPEN, .cannotOpen),
        (.SQLITE_CONSTRAINT_UNIQUE, .conflict), (.SQLITE_INTERRUPT, .cancelled),
        (.SQLITE_TOOBIG, .invalid), (.SQLITE_MISUSE, .failed),
    ])
    func `result codes have a meaning`(result: ResultCode, code: RecordsError.Code) {
        let error = RecordsError(
            DatabaseError(resultCode: result, message: "why", sql: "SECRET SQL"), during: "trying")

        #expect(error == RecordsError(code, "trying: why"))
    }

    @Test func `a closed store refuses`() async throws {
        let store = try TemporarySite().open()
        try store.close()

        await #expect(throws: RecordsError.self) { try await store.begin(1) }
    }
}
