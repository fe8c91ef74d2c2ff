internal import Lookup

/// Texts that many rows share, such as states and names: each is kept once and counted.
struct SymbolPool {
    private var texts: [String] = []
    private var counts: [UInt32] = []
    private var numbers = IDTable()
    private var free: [UInt32] = []

    /// Texts held.
    var count: Int { numbers.count }

    @inline(__always)
    subscript(index: UInt32) -> String { texts[Int(index)] }

    /// Keeps a text once more.
    mutating func insert(_ text: String) -> UInt32 {
        let mark = IDTable.Mark(text)
        if let known = numbers.find(mark, { texts[Int($0)] == text }) {
            counts[Int(known)] += 1
            return UInt32(known)
        }
        let index: UInt32
        if let reused = free.popLast() {
            index = reused
            texts[Int(index)] = text
            counts[Int(index)] = 1
        } else {
            index = UInt32(texts.count)
            texts.append(text)
            counts.append(1)
        }
        numbers.insert(mark, at: Int32(index))
        return index
    }

    /// Lets a text go once.
    mutating func remove(_ index: UInt32) {
        counts[Int(index)] -= 1
        guard counts[Int(index)] == 0 else { return }
        numbers.remove(IDTable.Mark(texts[Int(index)]), at: Int32(index))
        texts[Int(index)] = ""
        free.append(index)
    }
}
