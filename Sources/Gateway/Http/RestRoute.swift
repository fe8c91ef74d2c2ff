internal import EventLoop
internal import Ports
internal import WireFormats

/// One route of the REST interface as it is offered.
///
/// From this one value come what answers a request, who may ask and how the others are refused, its part
/// of the OpenAPI document, and the tests of all of them. A new route is a new declaration in a
/// `RestRoutes` file.
struct RestRoute: Sendable {
    /// Who may ask, and what answers.
    enum Answer: Sendable {
        /// Anybody; what answers looks for a credential itself if it needs one.
        case open(@LoopActor @Sendable (HttpDesk, HttpRequest) async -> HttpResponse)
        /// Those who may do that; with `nil`, the command desk decides, which records its refusals.
        case guarded(Act?, @LoopActor @Sendable (HttpDesk, RestCall) async -> HttpResponse)
    }

    /// The method; what answers `GET` answers `HEAD`.
    let method: String
    /// The path; a part in braces stands for any.
    let path: String
    /// What it answers or does, one sentence.
    let summary: String
    /// Who may ask, and what answers.
    let answer: Answer
    /// What is answered if all is well.
    var replies: [RestReply]
    /// Statuses of the refusals.
    var refusals: Set<Int>
    /// JSON schemas of the parameters in its path; what is not here is any text.
    var pathSchemas: [String: JsonValue] = [:]
    /// The parameters of its query string.
    var query: [RestParameter] = []
    /// The JSON schema of the body that it takes.
    var body: JsonValue?
    /// Whether it submits a command.
    var isCommand = false
    /// Whether it counts as a command where there is a limit for them.
    var isRated = false
    private let parts: [String]

    init(
        _ method: String, _ path: String, _ summary: String, replies: [RestReply],
        refusals: Set<Int>, _ answer: Answer
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.answer = answer
        self.replies = replies
        // Whatever is asked for: a request line or a header field may not be one.
        self.refusals = refusals.union([400])
        parts = Self.parts(of: path) ?? []
    }

    /// A route that reads.
    ///
    /// - Parameters:
    ///   - reply: what is answered.
    ///   - asksBroker: whether there is no answer without the broker.
    static func get(
        _ path: String, _ summary: String, _ act: Act, _ reply: RestReply,
        query: [RestParameter] = [], asksBroker: Bool = false,
        _ answer: @escaping @LoopActor @Sendable (HttpDesk, RestCall) async -> HttpResponse
    ) -> RestRoute {
        var route = RestRoute(
            "GET", path, summary, replies: [reply, .unchanged], refusals: [400, 401, 403, 429],
            .guarded(act, answer))
        route.query = query
        if !route.parameters.isEmpty || query.contains(where: { $0.name == "view" }) {
            route.refusals.insert(404)
        }
        if asksBroker { route.refusals.insert(503) }
        return route
    }

    /// A route that changes something.
    static func post(
        _ path: String, _ summary: String, _ act: Act?, _ reply: RestReply, body: JsonValue? = nil,
        _ answer: @escaping @LoopActor @Sendable (HttpDesk, RestCall) async -> HttpResponse
    ) -> RestRoute {
        var route = RestRoute(
            "POST", path, summary, replies: [reply], refusals: [400, 401, 403, 413, 415, 429, 503],
            .guarded(act, answer))
        route.body = body
        return route
    }

    /// The schema of a body with a command's arguments, and what stands beside them.
    static let arguments: JsonValue = [
        "type": "object", "properties": ["expect": expectations, "deadlineMs": deadline],
    ]
    /// The schema of the preconditions of a command, and of its deadline.
    static let expectations: JsonValue = ["type": ["object", "null"]]
    static let deadline: JsonValue = ["type": ["number", "null"], "exclusiveMinimum": 0]

    /// A route that submits a command.
    ///
    /// - Parameters:
    ///   - body: the schema of the body.
    ///   - named: the command, of the path's parameter and the body.
    static func command(
        _ path: String, _ summary: String, body: JsonValue = arguments,
        _ named: @escaping @Sendable (_ name: String, _ body: JsonValue) -> HttpDesk.Named
    ) -> RestRoute {
        var route = post(path, summary, nil, .receipt, body: body) { desk, call in
            await desk.submit(call) { named(call.name, $0) }
        }
        route.replies.append(.earlierReceipt)
        route.refusals.formUnion([404, 409, 412, 429, 501])
        route.isCommand = true
        route.isRated = true
        return route
    }

    /// Whether anybody may ask.
    var isOpen: Bool {
        if case .open = answer { true } else { false }
    }

    /// Names of the parameters in its path.
    var parameters: [String] {
        parts.filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// The parts of a path that begins with `/`; `nil` if one of them is empty.
    static func parts(of path: String) -> [String]? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return parts.allSatisfy { !$0.isEmpty } ? parts.map(String.init) : nil
    }

    /// What stands for the parameters, if the path is this one.
    func match(_ path: [String]) -> [String]? {
        guard path.count == parts.count else { return nil }
        var names: [String] = []
        for (part, given) in zip(parts, path) {
            if part.hasPrefix("{") {
                names.append(given)
            } else if part != given {
                return nil
            }
        }
        return names
    }
}
