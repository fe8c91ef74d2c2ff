/// Cutting what comes from outside to size.
enum Bounded {
    /// The text, cut to `limit` UTF-8 bytes with `…` at the end.
    @inline(__always)
    static func cut(_ text: String, _ limit: Int) -> String {
        text.utf8.count > limit ? shortened(text, limit) : text
    }

    @inline(never)
    private static func shortened(_ text: String, _ limit: Int) -> String {
        // A scalar cut in two would decode to a replacement character: cut before it.
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
        while end > text.utf8.startIndex, (text.utf8[end] & 0xC0) == 0x80 {
            end = text.utf8.index(before: end)
        }
        return String(decoding: text.utf8[..<end], as: UTF8.self) + "…"
    }

    /// The optional text, cut.
    @inline(__always)
    static func text(_ text: String?, _ limit: Int) -> String? {
        guard let text else { return nil }
        return cut(text, limit)
    }

    /// An id, cut in a way that keeps different long ids different.
    @inline(__always)
    static func id(_ id: String, _ limit: Int) -> String {
        id.utf8.count > limit ? shortened(id: id, limit) : id
    }

    @inline(never)
    private static func shortened(id: String, _ limit: Int) -> String {
        cut(id, max(limit - 12, 1)) + "#" + String(Self.hash(id), radix: 16)
    }

    /// FNV-1a over the UTF-8 bytes, never 0: the same in every process, unlike `Hasher`.
    static func hash(_ text: String) -> UInt32 {
        var value: UInt32 = 2_166_136_261
        for byte in text.utf8 { value = (value ^ UInt32(byte)) &* 16_777_619 }
        return value == 0 ? 1 : value
    }

    /// A duration for people, coarse on purpose: a sentence must not change every second.
    static func duration(_ seconds: Double) -> String {
        if seconds < 10 { return "a few seconds" }
        if seconds < 60 { return "\(Int(seconds / 10) * 10) s" }
        if seconds < 3_600 { return "\(Int(seconds / 60)) min" }
        if seconds < 86_400 * 2 { return "\(Int(seconds / 3_600)) h" }
        return "\(Int(min(seconds / 86_400, 1e6))) days"
    }

    /// A size for people; 0 means that there is no limit.
    static func bytes(_ count: Int) -> String {
        if count <= 0 { return "unlimited" }
        if count < 1 << 20 { return "\(count >> 10) KiB" }
        return "\(count >> 20) MiB"
    }
}

extension Double {
    /// The number, or `nil` for "not known" (NaN).
    var known: Double? { isNaN ? nil : self }
}
