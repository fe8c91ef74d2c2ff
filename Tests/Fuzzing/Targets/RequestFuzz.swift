@testable import Gateway
@testable import SocketServer

/// What libwebsockets decoded and we encode again is read as the same bytes, if they are text; the rest of
/// a request's head is read or refused. The input is a path, and behind a line end the query.
func fuzzRequest(_ bytes: [UInt8]) throws(Violation) {
    let parts = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let path = Array(parts[0])
    let query = parts.count == 2 ? Array(parts[1]) : []
    try fuzzPath(path)
    try fuzzQuery(query)
    let text = String(decoding: query, as: UTF8.self)
    _ = RequestReader.acceptsGzip(text)
    let known = TaskQuery.page.union(TaskQuery.filters).union(["view"])
    for spelling in [text, UrlText.encodeQueryItem(query)] {
        guard let tasks = try? TaskQuery(spelling, known: known) else { continue }
        _ = try? tasks.place
        _ = try? tasks.number
        try expect(1...TaskQuery.pageLimit ~= tasks.limit, "a page of \(tasks.limit) tasks")
    }
}

private func fuzzPath(_ path: [UInt8]) throws(Violation) {
    let encoded = UrlText.encodePath(path)
    try expect(isPlain(encoded), "an encoded path with characters of its own")
    let isText = String(validating: path, as: UTF8.self) != nil && !path.contains(0)
    let decoded = percentDecoded(encoded)
    try expect((decoded != nil) == isText, "a path is text before or after, not both")
    try expect(decoded.map { Array($0.utf8) == path } ?? true, "a path is another one afterwards")
}

private func fuzzQuery(_ item: [UInt8]) throws(Violation) {
    let encoded = UrlText.encodeQueryItem(item)
    try expect(isPlain(encoded), "an encoded query with characters of its own")
    guard !item.isEmpty, !item.contains(0), let text = String(validating: item, as: UTF8.self)
    else { return }
    guard let parameters = queryParameters(encoded) else {
        throw Violation("an encoded query is not read")
    }
    let name = text.utf8.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
    let value = name.count == 2 ? Array(name[1]) : []
    try expect(
        parameters.count == 1
            && parameters.contains { Array($0.utf8) == Array(name[0]) && Array($1.utf8) == value },
        "a query is another one afterwards")
}

private func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
}
