internal import Ports

/// A file of the web folder in memory, with its compressed form.
struct StaticFile {
    /// The file's bytes.
    let plain: [UInt8]
    /// The same gzipped; `nil` if that saves nothing.
    let compressed: [UInt8]?
    /// Hash of the bytes, without quotes.
    let hash: String
    let mediaType: String
    let cacheControl: String

    /// The answer to a GET or HEAD.
    ///
    /// The two forms have tags of their own, as RFC 9110 8.8.3 demands of strong ones.
    func response(acceptsGzip: Bool, ifNoneMatch: String?) -> HttpResponse {
        let body = acceptsGzip ? compressed : nil
        let tag = body == nil ? "\"\(hash)\"" : "\"\(hash)-gz\""
        var headers = [
            (name: "etag", value: tag), (name: "cache-control", value: cacheControl),
            (name: "vary", value: "accept-encoding"),
        ]
        if Self.matches(ifNoneMatch, tag) {
            return HttpResponse(status: 304, headers: headers)
        }
        headers.append((name: "content-type", value: mediaType))
        if body != nil { headers.append((name: "content-encoding", value: "gzip")) }
        return HttpResponse(status: 200, headers: headers, body: body ?? plain)
    }

    /// Whether an `If-None-Match` names the tag; the weak comparison of RFC 9110 13.1.2.
    private static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { entry in
            let text = entry.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            let name = String(text)
            return name == "*" || name == tag || name == "W/" + tag
        }
    }
}
