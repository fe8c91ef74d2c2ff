/// A kombu envelope, read: one item of a list, or one message of a fanout channel.
package struct Envelope: Sendable, Equatable {
    /// Such as `application/json`; nil if absent.
    package var contentType: String?
    /// Such as `utf-8` or `binary`; nil if absent.
    package var contentEncoding: String?
    /// How the body is compressed, such as `application/x-gzip` (which is a zlib stream); nil if not.
    package var compression: String?
    /// The object of headers; `.null` if absent.
    package var headers: JsonValue
    /// The object of properties; `.null` if absent.
    package var properties: JsonValue
    /// The body without its base64.
    package var body: [UInt8]

    /// Reads an envelope.
    package init(decoding bytes: [UInt8]) throws(CeleryError) {
        guard bytes.count <= CeleryLimits.maxPayloadBytes else {
            throw CeleryError(.tooLarge, "", "the envelope is too long")
        }
        let scratch = ScratchBytes()
        let problem: StaticString?
        do throws(JsonError) {
            (self, problem) = try JsonScanner.scan(bytes.span, maxDepth: CeleryLimits.maxDepth) {
                (scanner) throws(JsonError) -> (Envelope, StaticString?) in
                try Envelope.read(&scanner, scratch)
            }
        } catch {
            throw CeleryError(.undecodable, "", "the envelope is not JSON: \(error)")
        }
        if let problem { throw CeleryError(.undecodable, "", "\(problem)") }
    }

    private init(_ scan: EnvelopeScan, _ scanner: borrowing JsonScanner) throws(JsonError) {
        contentType = try Envelope.text(scan.contentType, scanner)
        contentEncoding = try Envelope.text(scan.contentEncoding, scanner)
        compression = try Envelope.text(scan.compression, scanner)
        headers = try Envelope.tree(scan.headers, scanner)
        properties = try Envelope.tree(scan.properties, scanner)
        body = []
    }

    private static func read(
        _ scanner: inout JsonScanner, _ scratch: ScratchBytes
    ) throws(JsonError) -> (Envelope, StaticString?) {
        let scan = try EnvelopeScan.scan(&scanner, scratch)
        try scanner.finish()
        var envelope = try Envelope(scan, scanner)
        let problem = try scan.resolveBody(scanner, scratch)
        if problem == nil { envelope.body = scratch.copy() }
        return (envelope, problem)
    }

    private static func text(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String? {
        slice.isString ? try scanner.text(slice, limit: CeleryLimits.maxNameBytes) : nil
    }

    private static func tree(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> JsonValue {
        guard slice.kind == .object else { return .null }
        return try scanner.scan(slice) { (inner) throws(JsonError) -> JsonValue in
            try JsonReader.read(&inner, .celery, depth: 0)
        }
    }

    /// The body as a tree, if it is uncompressed JSON.
    package func json() throws(CeleryError) -> JsonValue {
        guard contentType == "application/json", compression == nil else {
            let type = compression ?? contentType ?? "no content type"
            throw CeleryError(.unsupported, "", "the body is not plain JSON but \(type)")
        }
        do throws(JsonError) {
            return try JsonReader.parse(body, limits: .celery)
        } catch {
            throw CeleryError(.undecodable, "", "the body is not JSON: \(error)")
        }
    }
}
