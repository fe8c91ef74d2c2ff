internal import WireFormats

/// The events of one `events.batch`, once all of it is known to be right: what breaks the rules of the
/// log (R31, R32) is not printed, and is asked for again.
struct TailBatch {
    /// What is wrong with a frame.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// Offset and parts of each event, in order.
    let items: [(offset: Int64, parts: [JsonValue])]
    /// Up to where the log was looked at.
    let scanned: Int64

    /// Checks a frame.
    ///
    /// - Parameters:
    ///   - params: of `events.batch`.
    ///   - place: the offset up to which everything is known; `nil` before the first answer.
    init(_ params: JsonValue, after place: Int64?) throws(Fault) {
        guard let list = params["items"]?.array, let scanned = params["scanned"]?.integer else {
            throw Fault(description: "a batch without items or scanned")
        }
        var last = place ?? -1
        guard scanned >= last else {
            throw Fault(description: "a batch up to \(scanned), but \(last) was there before")
        }
        var items: [(offset: Int64, parts: [JsonValue])] = []
        for item in list {
            guard let parts = item.array, parts.count == 3, let offset = parts[0].integer,
                parts[1].double != nil, parts[2].object != nil
            else { throw Fault(description: "an event that is none") }
            guard offset > last, offset <= scanned else {
                throw Fault(
                    description: "event \(offset) after \(last), in a batch up to \(scanned)")
            }
            last = offset
            items.append((offset, parts))
        }
        self.items = items
        self.scanned = scanned
    }
}
