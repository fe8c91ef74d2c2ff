/// Which message it is, read from the last bytes of it: a message may be hundreds of megabytes, and
/// kombu writes the properties last.
package struct MessageTail: Sendable, Equatable {
    /// Bytes of a message's end that are enough for kombu's properties.
    package static let bytes = 4_096

    /// Field in `unacked` once a worker takes it; unlike for every publishing.
    package var deliveryTag: String
    /// Task id.
    package var id: String?

    /// Reads the end of a value of `unacked`: `[message, "exchange", "routing key"]`; nil if it does
    /// not hold a message that ends with kombu's properties.
    package init?(ofUnacked tail: [UInt8]) {
        guard let end = tail.lastIndex(of: UInt8(ascii: "}")) else { return nil }
        self.init(Array(tail[...end]))
    }

    /// Reads the end of a message, or a whole one; nil if it does not end with kombu's properties.
    package init?(_ tail: [UInt8]) {
        let name = Array("\"properties\"".utf8)
        guard
            let place = tail.indices.dropLast(name.count).last(where: {
                tail[$0] == name[0] && tail[$0..<($0 + name.count)].elementsEqual(name)
            })
        else { return nil }
        let whole = Array("{".utf8) + tail[place...]
        guard let parsed = try? JsonReader.parse(whole, limits: .celery),
            let tag = Bounded.name(parsed["properties"]?["delivery_tag"])
        else { return nil }
        deliveryTag = tag
        id = Bounded.name(parsed["properties"]?["correlation_id"])
    }
}
