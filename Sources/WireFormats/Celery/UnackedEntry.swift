/// A value of the hash `unacked`: a message that some worker holds.
package struct UnackedEntry: Sendable, Equatable {
    /// Exchange it was sent to; empty for a queue.
    package var exchange: String
    /// Routing key: the queue's name if the exchange is empty.
    package var routingKey: String
    /// What its headers say.
    package var message: MessagePreview

    /// Reads `[message, exchange, routing key]`.
    package init(decoding bytes: [UInt8]) throws(CeleryError) {
        do throws(JsonError) {
            let value = try JsonReader.parse(bytes, limits: .celery)
            guard let parts = value.array, parts.count == 3, let exchange = parts[1].string,
                let routingKey = parts[2].string
            else { throw JsonError(.unexpectedByte, at: 0) }
            self.exchange = exchange
            self.routingKey = routingKey
            message = try MessagePreview(parts[0], size: bytes.count)
        } catch {
            throw CeleryError(.undecodable, "", "the unacked entry cannot be read: \(error)")
        }
    }
}

extension QueueKeys {
    /// How a value of `unacked` was routed, found without building the message; nil if it cannot be
    /// read.
    package static func origin(ofUnacked entry: [UInt8]) -> MessageOrigin? {
        try? JsonScanner.scan(entry.span, maxDepth: CeleryLimits.maxDepth) {
            (scanner) throws(JsonError) -> MessageOrigin? in
            try scanner.enter(UInt8(ascii: "["))
            var isFirst = true
            var parts: [JsonSlice] = []
            while try scanner.nextElement(&isFirst), parts.count < 3 {
                parts.append(try scanner.scanValue(depth: 1))
            }
            guard parts.count == 3, parts[1].isString, parts[2].isString,
                parts[1].count > 0 || parts[2].count > 0
            else { return nil }
            return MessageOrigin(
                exchange: try scanner.text(parts[1], limit: CeleryLimits.maxNameBytes),
                routingKey: try scanner.text(parts[2], limit: CeleryLimits.maxNameBytes))
        }
    }
}
