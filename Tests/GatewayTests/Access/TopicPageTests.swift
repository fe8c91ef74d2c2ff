import EventLoop
import LiveSync
import Ports
import Testing
import WireFormats

@testable import Gateway

/// Whole topics over HTTP, page by page.
@Suite struct TopicPageTests {
    init() { EventLoop.shared.startThread() }

    @LoopActor private func plant(_ ids: [String], in gateway: Gateway) {
        for id in ids { gateway.rows.engine.upsert(gateway.rows.queues, id: id, []) }
        gateway.rows.engine.commit(at: 0)
    }

    @LoopActor private func get(_ query: String, _ gateway: Gateway) async throws -> (
        status: Int, body: JsonValue
    ) {
        let answer = await gateway.respond(
            to: HttpRequest(
                method: "GET", path: "/api/celery/queues", query: query,
                headers: ["authorization": "Bearer admin"]))
        return (answer.status, try JsonReader.parse(answer.body, limits: .celery))
    }

    private func ids(_ page: JsonValue) -> [String] {
        (page["queues"]?.array ?? []).compactMap { $0["id"]?.string }
    }

    @LoopActor private func pages(of limit: Int, _ gateway: Gateway) async throws -> [[String]] {
        var found: [[String]] = []
        var query = "limit=\(limit)"
        while true {
            let page = try await get(query, gateway).body
            found.append(ids(page))
            guard let next = page["next"]?.string else { return found }
            query = "limit=\(limit)&after=\(next)"
        }
    }

    @Test(arguments: [1, 2, 3, 5, 6, 7])
    @LoopActor func `pages follow each other and name each row once`(limit: Int) async throws {
        let (gateway, _) = try Lonely.gateway()
        // Two spellings that Unicode holds for the same, and what cannot stand in an address.
        let names = ["é", "e\u{301}", "a\u{0}b", "a&limit=1", "__proto__", "日本"]
        plant(names, in: gateway)

        let found = try await pages(of: limit, gateway)

        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(found.flatMap { $0 }.map { Array($0.utf8) } == sorted.map { Array($0.utf8) })
        #expect(found.dropLast().allSatisfy { $0.count == limit })
        #expect(found.count == (names.count + limit - 1) / limit)
    }

    @Test(arguments: [(1_000, 1_000, false), (1_001, 1_000, true)])
    @LoopActor func `a page has a bound, also if none is asked for`(
        count: Int, shown: Int, hasMore: Bool
    ) async throws {
        let (gateway, _) = try Lonely.gateway()
        plant((0..<count).map { "q\($0)" }, in: gateway)

        for query in ["", "limit=1000"] {
            let page = try await get(query, gateway).body
            #expect(ids(page).count == shown && (page["next"]?.string != nil) == hasMore)
        }
    }

    @Test @LoopActor func `rows that come and go between two pages move no other`() async throws {
        let (gateway, _) = try Lonely.gateway()
        plant(["b", "d", "f", "h"], in: gateway)
        let first = try await get("limit=2", gateway).body
        let next = try #require(first["next"]?.string)

        plant(["a", "g"], in: gateway)
        gateway.rows.engine.remove(gateway.rows.queues, id: "d")
        gateway.rows.engine.commit(at: 0)

        #expect(ids(first) == ["b", "d"])
        #expect(ids(try await get("after=\(next)", gateway).body) == ["f", "g", "h"])
    }

    @Test(arguments: [
        ("limit=0", 400), ("limit=1", 200), ("limit=1000", 200), ("limit=1001", 400),
        ("limit=x", 400), ("after=x", 400), ("after=c2i0000000000000001.0", 400),
        ("after=c2s61.0", 200), ("find=x", 400), ("limit=1&limit=1", 400), ("", 200),
    ])
    @LoopActor func `a page is asked for within its bounds`(query: String, status: Int) async throws
    {
        let (gateway, _) = try Lonely.gateway()

        #expect(try await get(query, gateway).status == status)
    }

    // MARK: - Lists whose items have places

    @Test(
        arguments: [
            (0, 3, 5, "3"), (3, 2, 5, nil), (3, 3, 5, nil), (0, 5, 5, nil), (0, 5, 6, "5"),
        ] as [(Int, Int, Int, String?)])
    @LoopActor func `a part of a list says where the next one begins`(
        offset: Int, limit: Int, total: Int, next: String?
    ) throws {
        let part = try #require(
            ListPart(offset: Int64(offset), limit: Int64(limit), most: 10, usual: 10))
        let items = (0..<total).dropFirst(offset).prefix(limit).map { JsonValue.integer(Int64($0)) }
        let (gateway, _) = try Lonely.gateway()

        let answer = gateway.http.withNext(
            ["total": .integer(Int64(total)), "items": .array(items)], "items", part)

        let expected: JsonValue = next.map { .string($0) } ?? .null
        #expect(answer["next"] == expected)
    }

    @Test(
        arguments: [
            ("offset=3&limit=2", 3), ("after=3&limit=2", 3), ("", 0), ("after=3&offset=3", nil),
            ("after=x", nil), ("after=-1", nil), ("find=x", nil),
        ] as [(String, Int?)])
    @LoopActor func `a part begins behind the page before`(query: String, offset: Int?) throws {
        let (gateway, _) = try Lonely.gateway()
        let request = HttpRequest(method: "GET", path: "/", query: query, headers: [:])

        #expect(gateway.http.part(request, most: 10, usual: 10)?.offset == offset)
    }
}
