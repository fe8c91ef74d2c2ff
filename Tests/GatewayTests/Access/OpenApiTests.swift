import EventLoop
import LiveSync
import Ports
import Testing
import WireFormats

@testable import Gateway

@Suite struct OpenApiTests {
    init() { EventLoop.shared.startThread() }

    private let document = OpenApi.document(version: "0")

    private func operation(_ route: RestRoute) -> JsonValue? {
        document["paths"]?[route.path]?[route.method.lowercased()]
    }

    @Test func `each route is described, and nothing else`() {
        let described = (document["paths"]?.object ?? []).flatMap { path in
            (path.value.object ?? []).map { "\($0.name.uppercased()) \(path.name)" }
        }

        #expect(Set(described) == Set(RestRoutes.all.map { "\($0.method) \($0.path)" }))
        #expect(described.count == RestRoutes.all.count)
        for route in RestRoutes.all {
            #expect(operation(route)?["summary"]?.string == route.summary)
            #expect(operation(route)?["responses"]?.object?.isEmpty == false)
        }
    }

    @Test func `it says which roles may ask`() throws {
        for route in RestRoutes.all {
            guard case .guarded(.some, _) = route.answer else { continue }
            let roles = operation(route)?["x-roles"]?.array?.compactMap(\.string) ?? []
            let expected = Rights.roles.filter {
                Rights.routes.cell("\(route.method) \(route.path)", $0) != "-"
            }
            #expect(Set(roles) == Set(expected.map(\.rawValue)), "\(route.path)")
        }
    }

    @Test func `no path is there twice under two names of its parameters`() {
        let names = (document["paths"]?.object ?? []).map {
            $0.name.replacing(/\{[a-z]+\}/, with: "{}")
        }
        #expect(Set(names).count == names.count)
    }

    @Test func `references lead somewhere, and parameters are named once`() {
        let schemas = Set((document["components"]?["schemas"]?.object ?? []).map(\.name))
        for text in document.text().split(separator: "#/components/schemas/").dropFirst() {
            #expect(schemas.contains(String(text.prefix { $0 != "\"" })))
        }
        for route in RestRoutes.all {
            let names = operation(route)?["parameters"]?.array?.compactMap { $0["name"]?.string }
            #expect(Set(names ?? []).count == names?.count, "\(route.path)")
        }
    }

    @Test func `what reads changes nothing, and what changes is no GET`() {
        for route in RestRoutes.all {
            #expect(!route.isCommand || route.method == "POST")
            #expect(route.method != "GET" || route.body == nil)
        }
    }

    // MARK: - Header fields

    private func headers(_ route: RestRoute, _ status: Int) -> Set<String> {
        let described = operation(route)?["responses"]?["\(status)"]?["headers"]?.object ?? []
        return Set(described.map(\.name))
    }

    @Test func `each answer is described with the header fields it has`() {
        for route in RestRoutes.all {
            let name = "\(route.method) \(route.path)"
            let isRead = route.method == "GET" && !route.isOpen
            #expect(headers(route, 200).contains("ETag") == isRead, "\(name)")
            for status in route.refusals {
                let described = headers(route, status)
                #expect(
                    described.contains("Retry-After") == [429, 503].contains(status), "\(name)")
                #expect(described.contains("WWW-Authenticate") == (status == 401), "\(name)")
                #expect(described.contains("RateLimit") == route.isRated, "\(name)")
            }
        }
    }

    @LoopActor private func post(
        _ path: String, _ body: JsonValue, as role: Role?, _ gateway: Gateway
    ) async -> HttpResponse {
        var headers = ["content-type": "application/json", "idempotency-key": "k"]
        if let role { headers["authorization"] = "Bearer \(role.rawValue)" }
        return await gateway.respond(
            to: HttpRequest(
                method: "POST", path: path, headers: headers, body: Array(body.text().utf8)))
    }

    private func header(_ name: String, of response: HttpResponse) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test(arguments: ["/api/celery/commands/task.run", "/api/celery/plans"])
    @LoopActor func `who gives commands is told how many more may come`(path: String) async throws {
        let (gateway, _) = try Lonely.gateway()
        let body: JsonValue =
            path.hasSuffix("plans")
            ? ["cmd": "task.revoke", "where": ["and"]] : ["task": "t"]

        for left in [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0] {
            let answer = await post(path, body, as: .admin, gateway)
            let told = header("ratelimit", of: answer) ?? ""
            #expect(told.hasPrefix("\"commands\";r=\(left);"), "\(told)")
            #expect(header("ratelimit-policy", of: answer) == #""commands";q=10;w=2"#)
        }
        let full = await post(path, body, as: .admin, gateway)
        let stranger = await post(path, body, as: nil, gateway)

        #expect(full.status == 429 && header("retry-after", of: full) == "1")
        #expect(stranger.status == 401 && header("ratelimit", of: stranger) == nil)
        #expect(header("www-authenticate", of: stranger) == "Bearer")
    }

    @Test @LoopActor func `a refusal for now says when to try again`() async throws {
        let (gateway, _) = try Lonely.gateway()

        // There is no broker.
        let lonely = await post("/api/celery/reconcile", .object([]), as: .admin, gateway)

        #expect(lonely.status == 503 && header("retry-after", of: lonely) == "1")
    }

    // MARK: - What somebody has

    @LoopActor private func read(
        _ gateway: Gateway, _ path: String, _ role: Role, knowing tag: String? = nil
    ) async -> HttpResponse {
        var headers = ["authorization": "Bearer \(role.rawValue)"]
        headers["if-none-match"] = tag
        return await gateway.respond(
            to: HttpRequest(method: "GET", path: path, headers: headers))
    }

    private func tag(_ response: HttpResponse) -> String? {
        response.headers.first { $0.name == "etag" }?.value
    }

    @Test(arguments: ["/api/celery/catalog", "/api/celery/stats", "/api/openapi.json"])
    @LoopActor func `what somebody has is not sent again`(path: String) async throws {
        let (gateway, _) = try Lonely.gateway()

        let first = await read(gateway, path, .admin)
        let known = try #require(tag(first))
        // The revision goes on, the rows do not change.
        gateway.rows.engine.commit(at: 0)

        for name in [known, "W/\(known)", "\"other\", \(known)", "*"] {
            let again = await read(gateway, path, .admin, knowing: name)
            #expect(again.status == 304 && again.body.isEmpty && tag(again) == known, "\(name)")
        }
        let other = await read(gateway, path, .admin, knowing: "\"other\"")
        #expect(other.status == 200 && tag(other) == known && !other.body.isEmpty)
    }

    @Test @LoopActor func `who sees less has another tag`() async throws {
        let (gateway, _) = try Lonely.gateway()
        gateway.rows.engine.upsert(
            gateway.rows.commands, id: "c1",
            [.init(try #require(Topics.commands.column("args")), .text("[1]"))])
        gateway.rows.engine.commit(at: 0)

        let full = try #require(tag(await read(gateway, "/api/celery/commands", .admin)))
        let masked = await read(gateway, "/api/celery/commands", .viewer, knowing: full)

        #expect(masked.status == 200 && tag(masked) != full)
    }
}
