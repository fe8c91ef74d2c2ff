/// Where the parts of an envelope stand that decide what a worker does with it, and what they say.
///
/// Names are compared after their escapes are resolved, and of a name given twice the last counts:
/// both as Python reads them.
struct MessageParts {
    /// Whether the whole is an object.
    private(set) var isObject = false
    /// What stands under these names; absent if it does not.
    private(set) var body = JsonSlice.absent
    private(set) var bodyText: [UInt8]?
    private(set) var contentType: String?
    private(set) var bodyEncoding: String?
    private(set) var headers = JsonSlice.absent
    private(set) var properties = JsonSlice.absent
    /// Whether a `compression` is named in the headers.
    private(set) var isCompressed = false
    /// Whether the headers name a task (protocol 2), have an id, and a `timelimit` that unpacks.
    private(set) var hasTask = false
    private(set) var hasID = false
    private(set) var hasUsableLimits = true
    private(set) var id: String?
    private(set) var task: String?

    private(set) var deliveryTag: String?
    private(set) var deliveryInfo: Range<Int>?
    private(set) var exchange: Range<Int>?
    private(set) var routingKey: Range<Int>?
    private(set) var priorityValue: Range<Int>?
    private(set) var priority = 0

    /// Walks over a whole text.
    init(_ scanner: inout JsonScanner) throws(JsonError) {
        let whole = try scanner.scanValue(depth: 0)
        try scanner.finish()
        guard whole.kind == .object else { return }
        isObject = true
        let members = try Self.members(of: whole, &scanner, depth: 0)
        body = members["body"] ?? .absent
        contentType = try Self.text(members["content-type"], scanner)
        headers = members["headers"] ?? .absent
        properties = members["properties"] ?? .absent
        if body.isString { bodyText = Array(try scanner.text(body).utf8) }
        if headers.kind == .object { try readHeaders(&scanner) }
        if properties.kind == .object { try readProperties(&scanner) }
    }

    private mutating func readHeaders(_ scanner: inout JsonScanner) throws(JsonError) {
        let members = try Self.members(of: headers, &scanner, depth: 1)
        isCompressed = members["compression"]?.isValue ?? false
        hasTask = members["task"] != nil
        hasID = members["id"] != nil
        id = try Self.text(members["id"], scanner)
        task = try Self.text(members["task"], scanner)
        hasUsableLimits = try Self.isUsable(limits: members["timelimit"], &scanner, depth: 2)
    }

    private mutating func readProperties(_ scanner: inout JsonScanner) throws(JsonError) {
        let members = try Self.members(of: properties, &scanner, depth: 1)
        deliveryTag = try Self.text(members["delivery_tag"], scanner)
        if let encoding = members["body_encoding"], encoding.isValue {
            bodyEncoding = try Self.text(encoding, scanner) ?? "no text"
        }
        if let value = members["priority"] {
            priorityValue = Self.range(value)
            priority = try Self.priority(value, scanner)
        }
        guard let info = members["delivery_info"], info.kind == .object else { return }
        deliveryInfo = Self.range(info)
        let route = try Self.members(of: info, &scanner, depth: 2)
        if let value = route["exchange"], value.isString { exchange = Self.range(value) }
        if let value = route["routing_key"], value.isString { routingKey = Self.range(value) }
    }

    /// `hard, soft = timelimit` must work, unless there is none.
    static func isUsable(
        limits: JsonSlice?, _ scanner: inout JsonScanner, depth: Int
    ) throws(JsonError) -> Bool {
        guard let limits, limits.kind != .null else { return true }
        return try count(of: limits, &scanner, depth: depth) == 2
    }

    /// Number of elements of an array; nil for another value.
    static func count(
        of array: JsonSlice, _ scanner: inout JsonScanner, depth: Int
    ) throws(JsonError) -> Int? {
        guard array.kind == .array else { return nil }
        scanner.position = array.start
        try scanner.enter(UInt8(ascii: "["))
        var count = 0
        var isFirst = true
        while try scanner.nextElement(&isFirst) {
            _ = try scanner.scanValue(depth: depth + 1)
            count += 1
        }
        return count
    }

    /// The members of an object by their names, of each the last.
    static func members(
        of object: JsonSlice, _ scanner: inout JsonScanner, depth: Int
    ) throws(JsonError) -> [String: JsonSlice] {
        scanner.position = object.start
        try scanner.enter(UInt8(ascii: "{"))
        var members: [String: JsonSlice] = [:]
        var isFirst = true
        while let name = try scanner.nextName(&isFirst) {
            members[try scanner.text(name)] = try scanner.scanValue(depth: depth + 1)
        }
        return members
    }

    static func text(
        _ slice: JsonSlice?, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String? {
        guard let slice, slice.isString else { return nil }
        return try scanner.text(slice)
    }

    private static func range(_ slice: JsonSlice) -> Range<Int> {
        let quote = slice.isString ? 1 : 0
        return slice.start - quote..<slice.start + slice.count + quote
    }

    /// `int(value)` within 0 … 9, and 0 for what Python cannot make an integer of
    /// (`_get_message_priority` in kombu/transport/virtual/base.py).
    private static func priority(
        _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> Int {
        switch value.kind {
        case .true: return 1
        case .integer, .fraction:
            guard let number = scanner.double(value), !number.isNaN else { return 0 }
            return Int(min(9, max(0, number)))
        case .plainString, .codedString:
            let text = try scanner.text(value)
            return min(9, max(0, Int(text) ?? 0))
        default: return 0
        }
    }
}
