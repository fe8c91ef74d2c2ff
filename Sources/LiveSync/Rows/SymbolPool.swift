/// Texts that many rows share, such as states and names: each is kept once and counted.
struct SymbolPool {
    private var texts: [String] = []
    private var counts: [UInt32] = []
    private var numbers: [String: UInt32] = [:]
    private var free: [UInt32] = []

    /// Texts held.
    var count: Int { numbers.count }

    subscript(index: UInt32) -> String { texts[Int(index)] }

    /// Keeps a text once more.
    mutating func insert(_ text: String) -> UInt32 {
        if let index = numbers[text] {
            counts[Int(index)] += 1
            return index
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
        numbers[text] = index
        return index
    }

    /// Lets a text go once.
    mutating func remove(_ index: UInt32) {
        counts[Int(index)] -= 1
        guard counts[Int(index)] == 0 else { return }
        numbers[texts[Int(index)]] = nil
        texts[Int(index)] = ""
        free.append(index)
    }
}
