/// Texts of one topic's rows, addressed by a small number, so that a cell takes 8 bytes whatever it holds.
///
/// The strings share their storage with whoever gave them; short ones live inside the pool. Blocks keep
/// the pool from doubling.
struct TextPool {
    private static let blockSize = 4_096

    private var blocks: [[String]] = []
    private var used = 0
    private var free: [UInt32] = []

    /// Texts held.
    var count: Int { used - free.count }

    @inline(__always)
    subscript(index: UInt32) -> String {
        blocks[Int(index) / Self.blockSize][Int(index) % Self.blockSize]
    }

    /// Keeps a text.
    mutating func insert(_ text: String) -> UInt32 {
        if let index = free.popLast() {
            replace(index, with: text)
            return index
        }
        if used == blocks.count * Self.blockSize {
            blocks.append([])
            blocks[blocks.count - 1].reserveCapacity(Self.blockSize)
        }
        blocks[blocks.count - 1].append(text)
        used += 1
        return UInt32(used - 1)
    }

    /// Replaces a text.
    mutating func replace(_ index: UInt32, with text: String) {
        blocks[Int(index) / Self.blockSize][Int(index) % Self.blockSize] = text
    }

    /// Lets a text go.
    mutating func remove(_ index: UInt32) {
        replace(index, with: "")
        free.append(index)
    }
}
