/// Finds bytes in a text; ASCII letters of either case are one.
enum TextSearch {
    /// The byte in lower case.
    static func lower(_ byte: UInt8) -> UInt8 {
        0x41...0x5A ~= byte ? byte | 0x20 : byte
    }

    /// True if the text holds these bytes, which are in lower case and at least one.
    static func finds(_ needle: [UInt8], in text: String) -> Bool {
        guard let first = needle.first else { return true }
        let bytes = text.utf8.span
        guard bytes.count >= needle.count else { return false }
        for start in 0...(bytes.count - needle.count) where lower(bytes[start]) == first {
            var length = 1
            while length < needle.count, lower(bytes[start + length]) == needle[length] {
                length += 1
            }
            if length == needle.count { return true }
        }
        return false
    }
}
