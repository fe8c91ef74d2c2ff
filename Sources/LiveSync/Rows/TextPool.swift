/// Texts of one topic's rows, addressed by a small number, so that a cell takes 8 bytes whatever it holds.
///
/// The strings share their storage with whoever gave them; short ones live inside the pool.
struct TextPool {
    private var texts: [String] = []
    private var free: [UInt32] = []

    /// Texts held.
    var count: Int { texts.count - free.count }

    subscript(index: UInt32) -> String { texts[Int(index)] }

    /// Keeps a text.
    mutating func insert(_ text: String) -> UInt32 {
        if let index = free.popLast() {
            texts[Int(index)] = text
            return index
        }
        texts.append(text)
        return UInt32(texts.count - 1)
    }

    /// Replaces a text.
    mutating func replace(_ index: UInt32, with text: String) {
        texts[Int(index)] = text
    }

    /// Lets a text go.
    mutating func remove(_ index: UInt32) {
        texts[Int(index)] = ""
        free.append(index)
    }
}
