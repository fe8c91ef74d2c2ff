/// The times in which a link to the broker or to the result backend was broken, newest last.
struct OutageLog {
    /// One of them. While it lasts `to` is `nil`.
    struct Outage: Equatable {
        /// Number, 1 first.
        var id: Int
        var link: GatewayLink
        /// Unix seconds.
        var from: Double
        var to: Double?
        var reason: String
    }

    /// Outages that are kept.
    static let limit = 100
    /// Bytes of a reason that are kept.
    static let reasonBytes = 255

    private(set) var outages: [Outage] = []
    private var nextID = 1

    /// A link broke, or could not be made. Further failures of the same outage change nothing: the first
    /// one says why it began.
    ///
    /// - Returns: the new outage, if it is one, and the id of the one that had to make room for it.
    mutating func broke(
        _ link: GatewayLink, reason: String, at time: Double
    ) -> (opened: Outage, dropped: Int?)? {
        guard !outages.contains(where: { $0.link == link && $0.to == nil }) else { return nil }
        let outage = Outage(
            id: nextID, link: link, from: time, to: nil,
            reason: String(decoding: reason.utf8.prefix(Self.reasonBytes), as: UTF8.self))
        nextID += 1
        outages.append(outage)
        // One that lasts is never the one to go: there are fewer links than places.
        guard outages.count > Self.limit,
            let oldest = outages.firstIndex(where: { $0.to != nil })
        else { return (outage, nil) }
        return (outage, outages.remove(at: oldest).id)
    }

    /// A link works again.
    ///
    /// - Returns: the outage that ended; `nil` if there was none.
    mutating func restored(_ link: GatewayLink, at time: Double) -> Outage? {
        guard let index = outages.firstIndex(where: { $0.link == link && $0.to == nil }) else {
            return nil
        }
        outages[index].to = max(time, outages[index].from)
        return outages[index]
    }
}
