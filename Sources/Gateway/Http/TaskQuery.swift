internal import Fleet

/// What a request for tasks asks for, from its query string.
struct TaskQuery {
    /// Why a query is refused.
    struct Refusal: Error {
        let reason: String
    }

    /// Tasks in one page at most, and without being asked.
    static let pageLimit = 1_000
    static let usualPage = 100

    /// Parameters of every page, and those that choose.
    static let page: Set<String> = ["limit", "after"]
    static let filters: Set<String> = ["state", "queue", "worker", "name"]

    /// Tasks at most.
    let limit: Int
    /// Where the page begins, as the page before told it.
    let after: String?
    /// Which tasks.
    let filter: TaskFilter
    /// Whether what Celery's own `State` says is asked for.
    let isFlower: Bool

    /// Reads a query string that may hold the `known` parameters, each once.
    init(_ query: String, known: Set<String>) throws(Refusal) {
        guard let parameters = queryParameters(query) else {
            throw Refusal(reason: "the query string is malformed")
        }
        if let unknown = parameters.keys.sorted().first(where: { !known.contains($0) }) {
            let names = known.sorted().joined(separator: ", ")
            throw Refusal(reason: "unknown parameter \(unknown.prefix(40)); known: \(names)")
        }
        guard let limit = Int(parameters["limit"] ?? "\(Self.usualPage)"),
            1...Self.pageLimit ~= limit
        else { throw Refusal(reason: "limit must be from 1 to \(Self.pageLimit)") }
        guard [nil, "flower"].contains(parameters["view"]) else {
            throw Refusal(reason: "view can only be flower")
        }
        self.limit = limit
        after = parameters["after"]
        isFlower = parameters["view"] != nil
        var filter = TaskFilter()
        filter.states = parameters["state"].map {
            Set($0.split(separator: ",").map(String.init))
        }
        filter.queue = parameters["queue"]
        filter.worker = parameters["worker"]
        filter.name = parameters["name"]
        self.filter = filter
        if isFlower, !Self.filters.isDisjoint(with: parameters.keys) {
            throw Refusal(reason: "view=flower takes limit and after, and no filter")
        }
    }

    /// The place of `after` in our own list.
    var place: TaskPlace? {
        get throws(Refusal) {
            guard let after else { return nil }
            let parts = after.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let seen = Double(parts[0]), seen.isFinite else {
                throw Refusal(reason: "after must be the next of an earlier page")
            }
            return TaskPlace(seen: seen, id: String(parts[1]))
        }
    }

    /// The number of `after` in the flower list.
    var number: Int {
        get throws(Refusal) {
            guard let after else { return 0 }
            guard let number = Int(after), number >= 0 else {
                throw Refusal(reason: "after must be the next of an earlier page")
            }
            return number
        }
    }

    /// The `after` of the page behind a task.
    static func text(after task: TaskRecord) -> String { "\(task.seen):\(task.id)" }
}
