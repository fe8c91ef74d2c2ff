import Foundation
import Testing
import WireFormats

@testable import celeriac_load

/// The load tool's clients replay the golden transcripts that the gateway's own tests record
/// (`Tests/Fixtures/transcripts`): at the end they hold what is written there. So do the pages' client
/// (`Tests/Web/transcripts.test.js`) and that of the test harness (`test_transcripts.py`).
@Suite struct TranscriptTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/transcripts").standardized

    private static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".json") }.sorted()

    @Test func `there are transcripts`() { #expect(Self.names.count >= 6) }

    @Test(arguments: names)
    func `a client holds what is written`(name: String) throws {
        let text = try Data(contentsOf: Self.folder.appending(path: name))
        let transcript = try JsonReader.parse(Array(text), limits: .celery)

        let tables = replay(transcript["frames"]?.array ?? [])

        let holds = transcript["holds"]?.object ?? []
        #expect(Set(tables.keys) == Set(holds.compactMap { Int64($0.name) }))
        for (number, expected) in holds.map({ ($0.name, $0.value) }) {
            let table = try #require(Int64(number).flatMap { tables[$0] })
            #expect(table.revision == expected["rev"]?.integer)
            #expect(table.order == (expected["order"]?.array ?? []).compactMap(\.integer))
            let rows = (expected["rows"]?.object ?? []).map { row in
                (Int64(row.name) ?? -1, (row.value.object ?? []).map { ($0.name, $0.value) })
            }
            #expect(
                table.rows
                    == Dictionary(
                        uniqueKeysWithValues: rows.map {
                            ($0.0, Dictionary(uniqueKeysWithValues: $0.1))
                        }))
        }
    }

    /// The table of each subscription after all frames.
    private func replay(_ frames: [JsonValue]) -> [Int64: SyncedTable] {
        var tables: [Int64: SyncedTable] = [:]
        for (number, entry) in frames.enumerated() {
            let frame = entry["client"] ?? entry["server"]
            guard let method = frame?["method"]?.string, let params = frame?["params"],
                let sub = params["sub"]?.integer
            else { continue }
            if method.hasSuffix(".open") {
                if params["since"] == nil { tables[sub] = SyncedTable() }
            } else if entry["server"] != nil {
                _ = tables[sub]?.apply(method, params, identity: number + 1)
            }
        }
        return tables
    }
}
