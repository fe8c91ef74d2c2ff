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
