extension JsonScanner {
    /// Finds the value at the cursor and steps over it, checking its grammar.
    ///
    /// - Parameter depth: nesting of the value itself, 0 for the whole text.
    @inline(__always)
    package mutating func scanValue(depth: Int) throws(JsonError) -> JsonSlice {
        let next = peek()
        if next == UInt8(ascii: "\"") { return try scanString() }
        if next &- 0x30 < 10 || next == UInt8(ascii: "-") { return try scanNumber() }
        return try scanOther(next, depth: depth)
    }

    @inline(never)
    private mutating func scanOther(_ next: UInt8, depth: Int) throws(JsonError) -> JsonSlice {
        switch next {
        case UInt8(ascii: "n"): return try scanLiteral("null", .null)
        case UInt8(ascii: "t"): return try scanLiteral("true", .true)
        case UInt8(ascii: "f"): return try scanLiteral("false", .false)
        case UInt8(ascii: "N"): return try scanLiteral("NaN", .nonFinite)
        case UInt8(ascii: "I"): return try scanLiteral("Infinity", .nonFinite)
        case UInt8(ascii: "["), UInt8(ascii: "{"): return try scanContainer(next, depth: depth)
        default: throw unexpected()
        }
    }

    private mutating func scanContainer(_ open: UInt8, depth: Int) throws(JsonError) -> JsonSlice {
        guard depth < maxDepth else { throw JsonError(.tooDeep, at: position) }
        let start = position
        try enter(open)
        var isFirst = true
        if open == UInt8(ascii: "[") {
            while try nextElement(&isFirst) { _ = try scanValue(depth: depth + 1) }
            return JsonSlice(start: start, count: position - start, kind: .array)
        }
        while try nextName(&isFirst) != nil { _ = try scanValue(depth: depth + 1) }
        return JsonSlice(start: start, count: position - start, kind: .object)
    }

    private mutating func scanLiteral(
        _ text: StaticString, _ kind: JsonSlice.Kind
    ) throws(JsonError) -> JsonSlice {
        let length = text.utf8CodeUnitCount
        let slice = JsonSlice(start: position, count: length, kind: kind)
        guard position + length <= count, matches(slice, text) else { throw unexpected() }
        position += length
        return slice
    }

    /// Whether the bytes of a slice are exactly `text` (escapes are not resolved).
    @inline(__always)
    package func matches(_ slice: JsonSlice, _ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard slice.count == length, slice.start + length <= count else { return false }
        let other = unsafe text.utf8Start
        for index in 0..<length where unsafe base[slice.start + index] != other[index] {
            return false
        }
        return true
    }

    /// Whether the bytes of a slice begin with `text`.
    @inline(__always)
    package func hasPrefix(_ slice: JsonSlice, _ text: StaticString) -> Bool {
        guard slice.count >= text.utf8CodeUnitCount else { return false }
        return matches(
            JsonSlice(start: slice.start, count: text.utf8CodeUnitCount, kind: slice.kind), text)
    }

    /// The slice without its first `length` bytes.
    @inline(__always)
    package func dropFirst(_ length: Int, of slice: JsonSlice) -> JsonSlice {
        let dropped = min(length, slice.count)
        return JsonSlice(
            start: slice.start + dropped, count: slice.count - dropped, kind: slice.kind)
    }

    /// The slice's first `length` bytes.
    @inline(__always)
    package func prefix(_ length: Int, of slice: JsonSlice) -> JsonSlice {
        JsonSlice(start: slice.start, count: min(length, slice.count), kind: slice.kind)
    }

    /// Whether two slices of this text have the same bytes.
    @inline(__always)
    package func equal(_ left: JsonSlice, _ right: JsonSlice) -> Bool {
        guard left.count == right.count else { return false }
        guard max(left.start, right.start) + left.count <= count else { return false }
        return unsafe ByteSearch.areSame(base + left.start, base + right.start, count: left.count)
    }

    /// Whether the bytes of a slice are those of `text`.
    @inline(__always)
    package func equal(_ slice: JsonSlice, _ text: String) -> Bool {
        guard slice.count == text.utf8.count, slice.start + slice.count <= count else {
            return false
        }
        let start = slice.start
        let answer = unsafe text.utf8.withContiguousStorageIfAvailable { other in
            guard let first = other.baseAddress else { return true }
            return unsafe ByteSearch.areSame(base + start, first, count: other.count)
        }
        return answer ?? false
    }

    /// A copy of the bytes of a slice, without quotes for strings.
    package func bytes(_ slice: JsonSlice) -> [UInt8] {
        guard slice.start >= 0, slice.count >= 0, slice.start + slice.count <= count else {
            return []
        }
        return unsafe Array(UnsafeBufferPointer(start: base + slice.start, count: slice.count))
    }
}

extension JsonScanner {
    /// The slice of a string without escapes, all ASCII, whose inside is `start` ..< `end`.
    @inline(__always)
    package func plainString(from start: Int, to end: Int) -> JsonSlice {
        JsonSlice(start: start, count: end - start, kind: .plainString)
    }

    /// The slice of an object that was walked over by hand.
    @inline(__always)
    package func object(from start: Int, to end: Int) -> JsonSlice {
        JsonSlice(start: start, count: end - start, kind: .object)
    }
}
