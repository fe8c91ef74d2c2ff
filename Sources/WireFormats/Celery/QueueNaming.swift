/// How kombu names the lists of a queue: two transport options, `priority_steps` and `sep`, that must be
/// the same for everybody who uses a broker.
package struct QueueNaming: Sendable, Equatable {
    /// Priorities that have a list of their own, ascending.
    package var steps: [Int]
    /// Separates parts of a key or of a binding.
    package var separator: [UInt8]

    /// What kombu takes if nobody says otherwise; no queue name may contain these two bytes.
    package static let standard = QueueNaming(steps: [0, 3, 6, 9], separator: [0x06, 0x16])

    /// Longest separator, bytes.
    package static let maxSeparatorBytes = 16

    /// Makes a naming; the two readers below check texts.
    package init(steps: [Int], separator: [UInt8]) {
        self.steps = steps
        self.separator = separator
    }

    /// Reads steps such as `0,3,6,9`; nil unless they ascend within 0 to 9.
    package static func steps(_ text: String) -> [Int]? {
        var steps: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let step = Int(part.filter { $0 != " " }), (0...9).contains(step),
                step > steps.last ?? -1
            else { return nil }
            steps.append(step)
        }
        return steps
    }

    /// Reads a separator such as `:` or `\x06\x16`; nil if it is empty, too long, or has a wrong escape.
    package static func separator(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard rest.popFirst() == UInt8(ascii: "x"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return (1...maxSeparatorBytes).contains(bytes.count) ? bytes : nil
    }
}
