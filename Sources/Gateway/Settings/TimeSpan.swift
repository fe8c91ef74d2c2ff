/// A length of time as people write it: `45s`, `30m`, `12h`, `30d`, `2w` or `1y`.
package struct TimeSpan: Sendable, Equatable {
    /// Longest span, ten years.
    package static let maximumSeconds = 3_650 * 86_400

    /// How long it is.
    package let seconds: Int

    /// Reads a positive whole number and a unit; `nil` if the text is anything else or longer than
    /// ``maximumSeconds``.
    package init?(_ text: String) {
        let units: [Character: Int] = [
            "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000,
        ]
        let digits = text.dropLast()
        guard let last = text.last, let unit = units[last], (1...9).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(digits)
        else { return nil }
        let seconds = count * unit
        guard (1...Self.maximumSeconds).contains(seconds) else { return nil }
        self.seconds = seconds
    }
}
