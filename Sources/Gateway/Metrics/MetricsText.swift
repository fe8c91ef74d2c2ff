/// Writes Prometheus's text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
struct MetricsText {
    /// What a family's numbers mean.
    enum Kind: String {
        /// Only ever rises, but for a start of the gateway.
        case counter
        case gauge
        case histogram
    }

    /// Labels of a sample: names are ours, values may be anybody's.
    typealias Labels = KeyValuePairs<String, String>

    /// The content type of what is written.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What was written.
    private(set) var text = ""
    private var family = ""

    /// Begins a family: all samples until the next one belong to it.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        text += "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// A sample of the family; none if nothing is known.
    mutating func add(_ value: Double?, _ labels: Labels = [:]) {
        guard let value else { return }
        write(value, "", Array(labels))
    }

    /// A sample of the family.
    mutating func add(_ value: Int, _ labels: Labels = [:]) { add(Double(value), labels) }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        guard let value else { return }
        begin(name, kind, help)
        add(value)
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        single(name, kind, help, Double(value))
    }

    /// The samples of one histogram.
    ///
    /// - Parameters:
    ///   - bounds: upper bounds, rising, each within its bucket.
    ///   - counts: in each bucket, and in one more beyond the last bound.
    mutating func add(
        bounds: [Double], counts: [Int], sum: Double, _ labels: Labels = [:]
    ) {
        var passed = 0
        for (bucket, count) in counts.enumerated() {
            passed += count
            let bound = bucket < bounds.count ? Self.number(bounds[bucket]) : "+Inf"
            write(Double(passed), "_bucket", Array(labels) + [(key: "le", value: bound)])
        }
        write(sum, "_sum", Array(labels))
        write(Double(passed), "_count", Array(labels))
    }

    private mutating func write(
        _ value: Double, _ suffix: String, _ labels: [(key: String, value: String)]
    ) {
        text += family + suffix
        if !labels.isEmpty {
            text += "{"
            text += labels.map { "\($0.key)=\"\(Self.escaped(label: $0.value))\"" }
                .joined(separator: ",")
            text += "}"
        }
        text += " \(Self.number(value))\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 9e15 ? String(Int64(value)) : "\(value)"
    }

    private static func escaped(_ help: String) -> String {
        help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    /// Backslash, quote and line feed, by scalars: two of them may be one character.
    private static func escaped(label value: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": escaped.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": escaped.append(contentsOf: "\\n".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
