/// Reads one JSON text into a tree.
package enum JsonReader {
    /// Reads the whole text.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8.
    ///   - limits: what is taken; beyond it the text is refused.
    package static func parse(
        _ bytes: Span<UInt8>, limits: JsonLimits
    ) throws(JsonError) -> JsonValue {
        guard bytes.count <= limits.maxBytes else {
            throw JsonError(.tooLarge, at: limits.maxBytes)
        }
        return try JsonScanner.scan(bytes, maxDepth: limits.maxDepth) {
            (scanner) throws(JsonError) -> JsonValue in
            let value = try read(&scanner, limits, depth: 0)
            try scanner.finish()
            return value
        }
    }

    /// Reads the whole text.
    package static func parse(
        _ bytes: [UInt8], limits: JsonLimits
    ) throws(JsonError) -> JsonValue {
        try parse(bytes.span, limits: limits)
    }

    /// Reads the whole text.
    package static func parse(_ text: String, limits: JsonLimits) throws(JsonError) -> JsonValue {
        try parse(Array(text.utf8), limits: limits)
    }

    /// Reads the value at the cursor, for readers that walk the outer levels themselves.
    ///
    /// - Parameter depth: nesting of that value.
    package static func read(
        _ scanner: inout JsonScanner, _ limits: JsonLimits, depth: Int
    ) throws(JsonError) -> JsonValue {
        switch scanner.peek() {
        case UInt8(ascii: "{"): return try readObject(&scanner, limits, depth: depth)
        case UInt8(ascii: "["): return try readArray(&scanner, limits, depth: depth)
        default: break
        }
        let slice = try scanner.scanValue(depth: depth)
        switch slice.kind {
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .plainString, .codedString: return .string(try text(scanner, slice, limits))
        case .integer:
            if let value = scanner.integer(slice) { return .integer(value) }
            return .bigInteger(try digits(scanner, slice, limits))
        case .fraction, .nonFinite:
            let value = scanner.double(slice) ?? .nan
            guard limits.isPython || value.isFinite else {
                throw JsonError(.nonFiniteNumber, at: slice.start)
            }
            return .number(value)
        case .null, .absent, .array, .object: return .null
        }
    }

    private static func readObject(
        _ scanner: inout JsonScanner, _ limits: JsonLimits, depth: Int
    ) throws(JsonError) -> JsonValue {
        guard depth < limits.maxDepth else { throw JsonError(.tooDeep, at: scanner.position) }
        try scanner.enter(UInt8(ascii: "{"))
        var members: [JsonMember] = []
        var names: Set<String> = []
        var isFirst = true
        while let slice = try scanner.nextName(&isFirst) {
            guard members.count < limits.maxMembers else {
                throw JsonError(.tooManyItems, at: slice.start)
            }
            let name = try text(scanner, slice, limits)
            if limits.refusesDuplicates, !names.insert(name).inserted {
                throw JsonError(.duplicateName, at: slice.start)
            }
            members.append(JsonMember(name, try read(&scanner, limits, depth: depth + 1)))
        }
        return .object(members)
    }

    private static func readArray(
        _ scanner: inout JsonScanner, _ limits: JsonLimits, depth: Int
    ) throws(JsonError) -> JsonValue {
        guard depth < limits.maxDepth else { throw JsonError(.tooDeep, at: scanner.position) }
        try scanner.enter(UInt8(ascii: "["))
        var elements: [JsonValue] = []
        var isFirst = true
        while try scanner.nextElement(&isFirst) {
            guard elements.count < limits.maxElements else {
                throw JsonError(.tooManyItems, at: scanner.position)
            }
            elements.append(try read(&scanner, limits, depth: depth + 1))
        }
        return .array(elements)
    }

    private static func text(
        _ scanner: borrowing JsonScanner, _ slice: JsonSlice, _ limits: JsonLimits
    ) throws(JsonError) -> String {
        guard slice.count <= limits.maxStringBytes else {
            throw JsonError(.stringTooLong, at: slice.start)
        }
        return limits.isPython ? try scanner.text(slice) : try scanner.strictText(slice)
    }

    /// The text of an integer beyond 64 bits, as long as a string may be.
    private static func digits(
        _ scanner: borrowing JsonScanner, _ slice: JsonSlice, _ limits: JsonLimits
    ) throws(JsonError) -> String {
        guard slice.count <= limits.maxStringBytes else {
            throw JsonError(.stringTooLong, at: slice.start)
        }
        return scanner.rawText(slice)
    }
}
