/// Writes kombu envelopes, ASCII only as Python's.
enum EnvelopeWriter {
    /// What stands in `properties.delivery_info`, and how it is delivered.
    struct Delivery {
        /// Unique: it names the message in `unacked`.
        var tag: String
        var exchange: String
        var routingKey: String
        /// 2 for tasks and commands, 1 for events.
        var mode: Int
        var priority = 0
        var correlationID: String?
        var replyTo: String?
    }

    /// The bytes of an envelope round a JSON body.
    static func envelope(body: [UInt8], headers: [JsonMember], _ delivery: Delivery) -> [UInt8] {
        var writer = JsonWriter(asciiOnly: true, capacity: body.count * 3 / 2 + 1024)
        writer.beginObject()
        writer.name("body")
        writer.base64(body)
        writer.member("content-encoding", "utf-8" as String?)
        writer.member("content-type", "application/json" as String?)
        writer.member("headers", .object(headers))
        writer.name("properties")
        writer.beginObject()
        if let id = delivery.correlationID { writer.member("correlation_id", id as String?) }
        if let replyTo = delivery.replyTo { writer.member("reply_to", replyTo as String?) }
        writer.member("delivery_mode", delivery.mode)
        writer.name("delivery_info")
        writer.beginObject()
        writer.member("exchange", delivery.exchange as String?)
        writer.member("routing_key", delivery.routingKey as String?)
        writer.endObject()
        writer.member("priority", delivery.priority)
        writer.member("body_encoding", "base64" as String?)
        writer.member("delivery_tag", delivery.tag as String?)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
