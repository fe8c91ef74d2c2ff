internal import Ports

/// Reads an answer of HTTP/1.1 (RFC 9112), however its bytes come. A value; what is too long or no answer is an
/// error, and nothing traps.
struct AnswerReader {
    private enum Place {
        /// The status line, or a header.
        case head(isFirst: Bool)
        /// So many bytes of the body.
        case body(left: Int)
        /// The line that says how long the next part is.
        case size
        /// So many bytes of a part, and the line's end behind it.
        case part(left: Int)
        case partEnd
        /// Headers behind the last part.
        case trailer
        /// All until the server hangs up.
        case rest
        case whole
    }

    private let limits: HttpClientLimits
    private var place = Place.head(isFirst: true)
    private var line: [UInt8] = []
    private var lineBytes = 0
    private var status = 0
    private var length: Int?
    private var isChunked = false
    private var body: [UInt8] = []

    init(limits: HttpClientLimits) { self.limits = limits }

    /// Whether nothing more belongs to the answer.
    var isWhole: Bool {
        if case .whole = place { true } else { false }
    }

    /// Takes bytes in; those behind the answer are passed over.
    mutating func take(_ bytes: [UInt8]) throws(WebError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch place {
            case .whole: return
            case .rest: try keep(&rest, rest.count)
            case .body(let left):
                let count = try keep(&rest, left)
                place = count == left ? .whole : .body(left: left - count)
            case .part(let left):
                let count = try keep(&rest, left)
                place = count == left ? .partEnd : .part(left: left - count)
            default:
                guard let text = try nextLine(&rest) else { return }
                try understand(text)
            }
        }
    }

    /// The answer, now that no more bytes come.
    func end() throws(WebError) -> WebAnswer {
        switch place {
        case .whole, .rest: return WebAnswer(status: status, body: body)
        default: throw WebError("the answer ends too early")
        }
    }

    // MARK: - Bytes

    @discardableResult
    private mutating func keep(
        _ rest: inout ArraySlice<UInt8>, _ most: Int
    ) throws(WebError) -> Int {
        let count = min(most, rest.count)
        guard body.count + count <= limits.answerBytes else { throw tooLong }
        body += rest.prefix(count)
        rest = rest.dropFirst(count)
        return count
    }

    private mutating func nextLine(_ rest: inout ArraySlice<UInt8>) throws(WebError) -> String? {
        let end = rest.firstIndex(of: 0x0a)
        let taken = rest[..<(end ?? rest.endIndex)]
        lineBytes += taken.count + (end == nil ? 0 : 1)
        guard lineBytes <= limits.headBytes else {
            throw WebError("the answer's head has more than \(limits.headBytes) bytes")
        }
        line += taken
        rest = end.map { rest[($0 + 1)...] } ?? []
        guard end != nil else { return nil }
        defer { line = [] }
        if line.last == 0x0d { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }

    // MARK: - Lines

    private mutating func understand(_ text: String) throws(WebError) {
        switch place {
        case .head(isFirst: true): try readStatus(text)
        case .head(isFirst: false):
            if text.isEmpty { try beginBody() } else { try readHeader(text) }
        case .size:
            let digits = text.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
            guard (1...8).contains(digits.utf8.count), digits.utf8.allSatisfy(Self.isHex),
                let size = Int(digits, radix: 16)
            else { throw noAnswer }
            place = size == 0 ? .trailer : .part(left: size)
        case .partEnd:
            guard text.isEmpty else { throw noAnswer }
            place = .size
        case .trailer:
            if text.isEmpty { place = .whole }
        case .body, .part, .rest, .whole: break
        }
    }

    private mutating func readStatus(_ text: String) throws(WebError) {
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3,
            let status = Int(words[1]), (100...599).contains(status)
        else { throw noAnswer }
        self.status = status
        place = .head(isFirst: false)
    }

    private mutating func readHeader(_ text: String) throws(WebError) {
        guard let colon = text.firstIndex(of: ":") else { throw noAnswer }
        let value = text[text.index(after: colon)...].filter { $0 != " " && $0 != "\t" }
        switch text[..<colon].lowercased() {
        case "content-length":
            guard (1...18).contains(value.utf8.count),
                value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(value),
                length == nil || length == count
            else { throw noAnswer }
            length = count
        case "transfer-encoding":
            guard value.lowercased() == "chunked" else {
                throw WebError("the answer is encoded in a way that was not asked for")
            }
            isChunked = true
        default: break
        }
    }

    private mutating func beginBody() throws(WebError) {
        switch status {
        case 100..<200:
            // The real answer comes behind it.
            place = .head(isFirst: true)
            (length, isChunked) = (nil, false)
        case 204, 304: place = .whole
        default:
            if isChunked {
                place = .size
            } else if let length {
                guard length <= limits.answerBytes else { throw tooLong }
                place = length == 0 ? .whole : .body(left: length)
            } else {
                place = .rest
            }
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte)
            || (0x61...0x66).contains(byte)
    }

    private var tooLong: WebError {
        WebError("the answer has more than \(limits.answerBytes) bytes")
    }

    private var noAnswer: WebError { WebError("that is no answer of HTTP/1.1") }
}
