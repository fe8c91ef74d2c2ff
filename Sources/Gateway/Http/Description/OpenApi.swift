internal import LiveSync
internal import Ports
internal import WireFormats

/// The REST interface as an OpenAPI 3.1 document, made of the declarations of its routes.
enum OpenApi {
    /// Titles of the refusals, by status.
    private static let titles: [Int: String] = [
        400: "Bad request", 401: "No valid credential", 403: "Not allowed", 404: "Not there",
        409: "The key was used for something else, or it was done before",
        412: "A precondition does not hold",
        413: "Too large", 415: "Not application/json", 429: "Too many requests",
        501: "The workers cannot do that",
        503: "The broker or the records do not answer, or too much waits",
    ]

    /// The document.
    ///
    /// - Parameter version: the gateway's.
    static func document(version: String) -> JsonValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Celeriac", "version": .string(version),
                "description": "What can be read and asked of the gateway without a WebSocket.",
            ],
            "security": [["bearer": []], ["session": []]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"],
                    "session": ["type": "apiKey", "in": "cookie", "name": "__Host-celeriac"],
                ],
                "schemas": .object(
                    [JsonMember("Problem", problem)]
                        + Topics.all.map { JsonMember(name(of: $0), row(of: $0)) }),
            ],
        ]
    }

    /// Where the rows of a topic are described.
    static func reference(to schema: TopicSchema) -> JsonValue {
        ["$ref": .string("#/components/schemas/\(name(of: schema))")]
    }

    // MARK: - Schemas

    private static func name(of schema: TopicSchema) -> String { "row.\(schema.name)" }

    private static func row(of schema: TopicSchema) -> JsonValue {
        let columns = schema.columns.map { JsonMember($0, $0 == "id" ? ["type": "string"] : [:]) }
        return ["type": "object", "required": ["id"], "properties": .object(columns)]
    }

    private static let problem: JsonValue = [
        "type": "object", "required": ["type", "title", "status", "detail"],
        "properties": [
            "type": ["type": "string"], "title": ["type": "string"],
            "status": ["type": "integer"], "detail": ["type": "string"],
            "code": ["type": "integer"], "needs": ["type": "string"],
        ],
    ]

    // MARK: - Operations

    private static var paths: [JsonMember] {
        var names: [String] = []
        for route in RestRoutes.all where !names.contains(route.path) { names.append(route.path) }
        return names.map { path in
            let routes = RestRoutes.all.filter { $0.path == path }
            return JsonMember(
                path,
                .object(routes.map { JsonMember($0.method.lowercased(), operation($0)) }))
        }
    }

    private static func operation(_ route: RestRoute) -> JsonValue {
        var members = [
            JsonMember("summary", .string(route.summary)),
            JsonMember("parameters", .array(parameters(of: route))),
        ]
        if route.isOpen { members.append(JsonMember("security", [])) }
        if case .guarded(let act?, _) = route.answer {
            let roles = Role.allCases.filter { role in
                let somebody = Principal(id: role.rawValue, name: role.rawValue, role: role)
                return Authorization.verdict(on: act, for: somebody).refusal == nil
            }
            members.append(JsonMember("x-roles", .array(roles.map { .string($0.rawValue) })))
        }
        if let body = route.body {
            members.append(
                JsonMember(
                    "requestBody",
                    ["required": true, "content": ["application/json": ["schema": body]]]))
        }
        let replies = route.replies.map { JsonMember("\($0.status)", described($0, of: route)) }
        let refusals = route.refusals.sorted().map { JsonMember("\($0)", refusal($0, of: route)) }
        members.append(JsonMember("responses", .object(replies + refusals)))
        return .object(members)
    }

    private static func parameters(of route: RestRoute) -> [JsonValue] {
        let path = route.parameters.map { name -> JsonValue in
            [
                "name": .string(name), "in": "path", "required": true,
                "schema": route.pathSchemas[name] ?? ["type": "string", "minLength": 1],
            ]
        }
        let query = route.query.map { parameter -> JsonValue in
            [
                "name": .string(parameter.name), "in": "query",
                "description": .string(parameter.help), "schema": parameter.schema,
            ]
        }
        guard route.isCommand else { return path + query }
        let key: JsonValue = [
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "New for each command; a repetition is done once.",
            "schema": [
                "type": "string", "minLength": 1,
                "maxLength": .integer(Int64(CommandLimits.keyBytes)), "pattern": "^[!-~]+$",
            ],
        ]
        return path + query + [key]
    }

    private static func described(_ reply: RestReply, of route: RestRoute) -> JsonValue {
        var members = [JsonMember("description", "Done.")] + headers(reply.status, of: route)
        if let schema = reply.schema {
            members.append(JsonMember("content", ["application/json": ["schema": schema]]))
        } else if reply.isText {
            let text: JsonValue = ["schema": ["type": "string"]]
            members.append(JsonMember("content", ["text/plain": text]))
        }
        return .object(members)
    }

    private static func refusal(_ status: Int, of route: RestRoute) -> JsonValue {
        let content: JsonValue = [
            "application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]
        ]
        return .object(
            [JsonMember("description", .string(titles[status] ?? "Refused"))]
                + headers(status, of: route) + [JsonMember("content", content)])
    }

    private static func headers(_ status: Int, of route: RestRoute) -> [JsonMember] {
        let headers = RestHeader.all(status, of: route).map { header in
            JsonMember(
                header.name,
                [
                    "description": .string(header.help), "required": .bool(header.isCertain),
                    "schema": header.schema,
                ])
        }
        return headers.isEmpty ? [] : [JsonMember("headers", .object(headers))]
    }
}
