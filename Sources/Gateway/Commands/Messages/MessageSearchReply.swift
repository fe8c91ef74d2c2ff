internal import Ports
internal import WireFormats

/// What ``MessageScripts/find`` answers.
enum MessageSearchReply {
    /// The command has been carried out before, and left this marker.
    case done([UInt8])
    /// The message, or its end; `list` is the place of its list among the steps.
    case found(list: Int, size: Int, bytes: [UInt8])
    /// Not among those looked at; so many are to be passed over next.
    case more(Int)
    /// Nowhere in the queue.
    case absent

    /// Reads an answer; nil if it is none of these.
    ///
    /// - Parameter lists: how many lists were searched.
    init?(_ reply: RESPValue, lists: Int) {
        guard case .array(let items) = reply else { return nil }
        let texts = items.prefix(3).map { item in
            if case .bulk(let bytes) = item { String(decoding: bytes, as: UTF8.self) } else { "" }
        }
        switch (texts.first, items.count) {
        case ("done", 2):
            guard case .bulk(let marker) = items[1] else { return nil }
            self = .done(marker)
        case ("none", 1): self = .absent
        case ("more", 2):
            guard let skip = Int(texts[1]) else { return nil }
            self = .more(skip)
        case ("found", 4):
            guard let list = Int(texts[1]), let size = Int(texts[2]),
                case .bulk(let bytes) = items[3],
                list >= 1, list <= lists
            else { return nil }
            self = .found(list: list - 1, size: size, bytes: bytes)
        default: return nil
        }
    }
}
