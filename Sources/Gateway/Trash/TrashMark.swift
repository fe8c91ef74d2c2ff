/// What a script of ``TrashScripts`` answers, and leaves behind as its mark.
enum TrashMark: Equatable, Sendable {
    /// So many messages of each step were moved aside or thrown away.
    case purged([Int])
    /// So many of each step were put back, so many are left; whether that is all that was asked for.
    case restored([Int], left: [Int], isDone: Bool)
    /// A later run of the gateway has forbidden the script: it never ran and never will.
    case forbidden
    /// There is nothing in the trash.
    case gone
    /// Somebody else has restored messages meanwhile: look for them again.
    case moved

    /// What a later run writes in place of a mark.
    static let lost = "lost"

    /// Reads an answer; `nil` if it is none of these.
    init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        switch words.first {
        case "lost" where words.count == 1: self = .forbidden
        case "gone" where words.count == 1: self = .gone
        case "moved" where words.count == 1: self = .moved
        case "purged":
            guard let counts = Self.counts(words.dropFirst()) else { return nil }
            self = .purged(counts)
        case "restored":
            let parts = words.dropFirst().split(separator: "left", omittingEmptySubsequences: false)
            guard parts.count == 2, let counts = Self.counts(parts[0]),
                let left = Self.counts(parts[1].dropLast()), left.count == counts.count,
                let last = parts[1].last, last == "done" || last == "more"
            else { return nil }
            self = .restored(counts, left: left, isDone: last == "done")
        default: return nil
        }
    }

    private static func counts(_ words: ArraySlice<Substring>) -> [Int]? {
        let counts = words.compactMap { Int($0) }
        let isPlain = counts.count == words.count && !counts.isEmpty
        return isPlain && counts.allSatisfy { $0 >= 0 } ? counts : nil
    }
}
