internal import WireFormats

/// Where `tail` reads on.
enum TailPlace: Equatable {
    case now
    case oldest
    case after(epoch: String, offset: Int)

    /// Reads `now`, `oldest` or `epoch/offset`.
    init?(text: String) {
        switch text {
        case "now": self = .now
        case "oldest": self = .oldest
        default:
            guard let slash = text.lastIndex(of: "/"), slash != text.startIndex,
                let offset = Int(text[text.index(after: slash)...]),
                0..<1 << 53 ~= offset
            else { return nil }
            self = .after(epoch: String(text[..<slash]), offset: offset)
        }
    }

    /// The offset up to which everything is known.
    var offset: Int64? {
        if case .after(_, let offset) = self { Int64(offset) } else { nil }
    }

    /// As `events.open` takes it.
    var json: JsonValue {
        switch self {
        case .now: "now"
        case .oldest: "oldest"
        case .after(let epoch, let offset):
            ["epoch": .string(epoch), "off": .integer(Int64(offset))]
        }
    }
}
