internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// Lines in one page at most, and without being asked.
    nonisolated static let auditPage = (most: 1_000, usual: 100)

    /// `GET /api/celery/audit`: a page of lines, newest first; `after` is the `next` of the page before.
    func auditPage(_ call: RestCall) async -> HttpResponse {
        let known: Set<String> = ["limit", "after"]
        guard let query = queryParameters(call.request.query), known.isSuperset(of: query.keys)
        else { return problem(400, "Bad request", "the query takes limit and after, once each") }
        let most = Self.auditPage.most
        guard let limit = Int(query["limit"] ?? "\(Self.auditPage.usual)"), 1...most ~= limit else {
            return problem(400, "Bad request", "limit must be from 1 to \(most)")
        }
        let before = query["after"].flatMap { Int64($0) }
        guard query["after"] == nil || before ?? 0 > 0 else {
            return problem(400, "Bad request", "after must be the next of an earlier page")
        }
        do throws(RecordsError) {
            // Whether an older line was pruned meanwhile is not known: then the next page is empty.
            let lines = try await to.auditFeed.page(before: before, limit: limit)
            let hasMore = lines.count == limit && (lines.last?.sequence ?? 0) > 1
            return json([
                "audit": .array(lines.map(object)),
                "next": hasMore ? .string("\(lines[limit - 1].sequence)") : .null,
            ])
        } catch {
            return problem(503, "Unavailable", "the audit cannot be read: \(error.message)")
        }
    }

    private func object(of line: AuditLine) -> JsonValue {
        let fields = AuditFeed.fields(line.entry).filter { !$0.value.isAbsent }.map {
            JsonMember(Topics.audit.columns[$0.column], RowReader.json($0.value))
        }
        return .object([JsonMember("id", .string("\(line.sequence)"))] + fields)
    }
}
