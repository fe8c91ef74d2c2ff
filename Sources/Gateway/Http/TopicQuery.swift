internal import LiveSync
internal import WireFormats

/// What a request for rows of a whole topic asks for, from its query string.
struct TopicQuery {
    /// Why a query is refused.
    struct Refusal: Error {
        let reason: String
    }

    /// Rows in one page at most; as many come without being asked.
    static let pageLimit = 1_000

    /// Rows at most.
    let limit: Int
    /// The id that the page before ended with.
    let after: String?

    /// Reads a query string that may hold `limit` and `after`, each once.
    init(_ query: String) throws(Refusal) {
        guard let parameters = queryParameters(query),
            Set(parameters.keys).isSubset(of: ["limit", "after"])
        else { throw Refusal(reason: "the query takes limit and after, once each") }
        guard let limit = Int(parameters["limit"] ?? "\(Self.pageLimit)"),
            1...Self.pageLimit ~= limit
        else { throw Refusal(reason: "limit must be from 1 to \(Self.pageLimit)") }
        self.limit = limit
        guard let text = parameters["after"] else {
            after = nil
            return
        }
        guard case .text(let id)? = PageCursor.decode(text)?.key else {
            throw Refusal(reason: "after must be the next of an earlier page")
        }
        after = id
    }

    /// The `after` of the page behind a row. An id may hold what no address can.
    static func text(after id: String) -> String {
        PageCursor.encode(SortBound(key: .text(id), handle: 0))
    }
}
