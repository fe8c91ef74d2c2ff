package import LiveSync

extension ServerFrame {
    /// `events.batch` (R31, R32).
    ///
    /// - Parameter items: offset, receive time in unix seconds and JSON text of each event.
    package static func eventBatch(
        _ items: [(offset: Int, receivedAt: Double, json: [UInt8])], scanned: Int,
        subscription: Int
    ) -> [UInt8] {
        let size = items.reduce(0) { $0 + $1.json.count + 40 }
        return notification("events.batch", capacity: size + 128) { writer in
            writer.member("sub", subscription)
            writer.name("items")
            writer.beginArray()
            for item in items {
                writer.beginArray()
                writer.integer(item.offset)
                writer.number(item.receivedAt)
                writer.raw(item.json)
                writer.endArray()
            }
            writer.endArray()
            writer.member("scanned", scanned)
        }
    }

    /// `events.gap` (R33).
    package static func eventGap(
        _ gap: EventGap, epoch: String, subscription: Int
    ) -> [UInt8] {
        notification("events.gap") { writer in
            writer.member("sub", subscription)
            writer.member("epoch", epoch)
            writer.member("from", gap.from)
            writer.member("to", gap.to)
            writer.member("lost", gap.lost)
            writer.member("reason", gap.reason.rawValue)
        }
    }
}
