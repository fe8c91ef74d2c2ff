internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

/// The routes of the REST interface. Of two that fit a path, the first counts.
enum RestRoutes {
    /// All of them.
    static let all = open + topics + reading + changing

    /// What a path leads to, whatever the method.
    static func matches(_ path: [String]) -> [(route: RestRoute, names: [String])] {
        all.compactMap { route in route.match(path).map { (route, $0) } }
    }

    /// The topics whose rows are few enough for one answer. Of the audit, the topic has the newest only.
    private static let topics: [RestRoute] =
        Topics.all.filter { $0.kind == .whole && $0.name != Topics.audit.name }.map { schema in
            .get(
                "/api/celery/\(schema.name)", "A page of the rows of topic \(schema.name), by id.",
                .topic(schema), .rows(schema),
                query: RestParameter.page(most: TopicQuery.pageLimit, usual: TopicQuery.pageLimit)
            ) { desk, call in desk.wholeTopic(schema, call) }
        }
}
