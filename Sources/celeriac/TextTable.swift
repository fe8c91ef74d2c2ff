internal import Foundation

/// Rows as lines of aligned columns under a heading.
enum TextTable {
    static func lines(_ heading: [String], _ rows: [[String]]) -> [String] {
        let rows = [heading] + rows.map { $0.map(visible) }
        let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let padded = zip(row, widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }
            return padded.joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
    }

    /// A name must not move the terminal's cursor.
    private static func visible(_ text: String) -> String {
        String(
            text.map { $0.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } ? "?" : $0 })
    }
}
