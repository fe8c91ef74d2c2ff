/// Finds the parts of a kombu envelope (kombu/transport/virtual/base.py) that decide what its body is.
///
/// One pass over the bytes; a base64 body is decoded on the way, because finding its end and
/// decoding it are the same work.
struct EnvelopeScan {
    /// Inside of the body's quotes.
    var body = JsonSlice.absent
    /// Whether `scratch` holds the decoded body already.
    var isDecoded = false
    var contentType = JsonSlice.absent
    var contentEncoding = JsonSlice.absent
    var headers = JsonSlice.absent
    var properties = JsonSlice.absent
    var compression = JsonSlice.absent
    var bodyEncoding = JsonSlice.absent

    /// Walks over one whole envelope.
    ///
    /// - Parameter depth: nesting of the envelope itself.
    @inline(__always)
    static func scan(
        _ scanner: inout JsonScanner, depth: Int = 0, _ scratch: ScratchBytes
    ) throws(JsonError) -> EnvelopeScan {
        var scan = EnvelopeScan()
        try scanner.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try scanner.nextName(&isFirst) {
            if scanner.matches(name, "body") {
                try scan.takeBody(&scanner, depth, scratch)
            } else if scanner.matches(name, "content-type") {
                scan.contentType = try scanner.scanValue(depth: depth + 1)
            } else if scanner.matches(name, "headers") {
                try scan.takeHeaders(&scanner, depth)
            } else if scanner.matches(name, "properties") {
                try scan.takeProperties(&scanner, depth)
            } else if scanner.matches(name, "content-encoding") {
                scan.contentEncoding = try scanner.scanValue(depth: depth + 1)
            } else {
                _ = try scanner.scanValue(depth: depth + 1)
            }
        }
        return scan
    }

    private mutating func takeBody(
        _ scanner: inout JsonScanner, _ depth: Int, _ scratch: ScratchBytes
    ) throws(JsonError) {
        _ = scanner.peek()
        let start = scanner.position + 1
        isDecoded = scanner.takeBase64String(into: scratch)
        if isDecoded {
            body = scanner.plainString(from: start, to: scanner.position - 1)
        } else {
            body = try scanner.scanValue(depth: depth + 1)
        }
    }

    private mutating func takeHeaders(
        _ scanner: inout JsonScanner, _ depth: Int
    ) throws(JsonError) {
        guard scanner.peek() == UInt8(ascii: "{") else {
            headers = try scanner.scanValue(depth: depth + 1)
            return
        }
        let start = scanner.position
        try scanner.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try scanner.nextName(&isFirst) {
            let value = try scanner.scanValue(depth: depth + 2)
            if scanner.matches(name, "compression") { compression = value }
        }
        headers = scanner.object(from: start, to: scanner.position)
    }

    private mutating func takeProperties(
        _ scanner: inout JsonScanner, _ depth: Int
    ) throws(JsonError) {
        guard scanner.peek() == UInt8(ascii: "{") else {
            properties = try scanner.scanValue(depth: depth + 1)
            return
        }
        let start = scanner.position
        try scanner.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try scanner.nextName(&isFirst) {
            let value = try scanner.scanValue(depth: depth + 2)
            if scanner.matches(name, "body_encoding") { bodyEncoding = value }
        }
        properties = scanner.object(from: start, to: scanner.position)
    }

    /// Sees to it that `scratch` holds the bytes of the body.
    ///
    /// - Returns: why it cannot; nil if it does.
    @inline(__always)
    func resolveBody(
        _ scanner: borrowing JsonScanner, _ scratch: ScratchBytes
    ) throws(JsonError) -> StaticString? {
        if isDecoded, bodyEncoding.isString, scanner.matches(bodyEncoding, "base64") { return nil }
        return try resolveOther(scanner, scratch)
    }

    @inline(never)
    private func resolveOther(
        _ scanner: borrowing JsonScanner, _ scratch: ScratchBytes
    ) throws(JsonError) -> StaticString? {
        guard body.isString else { return "the body is no text" }
        if bodyEncoding.isValue {
            if bodyEncoding.isString, scanner.matches(bodyEncoding, "base64") {
                return "the body is no base64"
            }
            let isText =
                bodyEncoding.isString
                && (scanner.matches(bodyEncoding, "utf-8") || scanner.matches(bodyEncoding, "utf8"))
            guard isText else { return "the body encoding is not known" }
        }
        scratch.assign(Array(try scanner.text(body).utf8))
        return nil
    }
}
