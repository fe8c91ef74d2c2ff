/// A waiting task message, looked at without running or unpickling anything.
package struct MessagePreview: Sendable, Equatable {
    /// Task id; nil if the message has none.
    package var id: String?
    /// Task name.
    package var task: String?
    /// Name to show instead.
    package var shadow: String?
    /// ISO 8601 text.
    package var eta: String?
    /// ISO 8601 text.
    package var expires: String?
    /// Number of the attempt, 0 first.
    package var retries: Int?
    /// Root of the workflow.
    package var rootID: String?
    /// Task that sent it.
    package var parentID: String?
    /// Group it belongs to.
    package var groupID: String?
    /// Who sent it, such as `gen17@host`.
    package var origin: String?
    /// Python repr text of the arguments, bounded.
    package var args: String?
    /// Python repr text of the keyword arguments, bounded.
    package var kwargs: String?
    /// Hard limit, seconds.
    package var timeLimit: Double?
    /// Soft limit, seconds.
    package var softTimeLimit: Double?
    /// Celery's priority, 0 most urgent.
    package var priority: Int?
    /// Field in `unacked` while a worker holds it.
    package var deliveryTag: String?
    /// Exchange it was sent to; empty for a queue.
    package var exchange: String?
    /// Routing key: the queue's name if the exchange is empty.
    package var routingKey: String?
    /// Whether a worker had it before.
    package var isRedelivered: Bool
    /// Such as `application/json`. Other bodies than JSON are opaque.
    package var contentType: String?
    /// `[args, kwargs, embed]` of a body in JSON of at most ``CeleryLimits/maxBodyShownBytes``; nil if the
    /// body is larger or of another type, which is never opened.
    package var body: JsonValue?
    /// Length of the whole message, bytes.
    package var size: Int

    /// Reads an item of a queue's list.
    package init(decoding bytes: [UInt8]) throws(CeleryError) {
        do throws(JsonError) {
            try self.init(JsonReader.parse(bytes, limits: .celery), size: bytes.count)
        } catch {
            throw CeleryError(.undecodable, "", "the message cannot be read: \(error)")
        }
    }

    /// Reads an envelope that is parsed already.
    init(_ envelope: JsonValue, size: Int) throws(JsonError) {
        guard envelope.object != nil else { throw JsonError(.unexpectedByte, at: 0) }
        let headers = envelope["headers"] ?? .null
        let properties = envelope["properties"] ?? .null
        let delivery = properties["delivery_info"] ?? .null
        self.size = size
        contentType = Bounded.name(envelope["content-type"])
        id = Bounded.name(headers["id"])
        task = Bounded.name(headers["task"])
        shadow = Bounded.name(headers["shadow"])
        eta = Bounded.name(headers["eta"])
        expires = Bounded.name(headers["expires"])
        retries = Bounded.count(headers["retries"])
        rootID = Bounded.name(headers["root_id"])
        parentID = Bounded.name(headers["parent_id"])
        groupID = Bounded.name(headers["group"])
        origin = Bounded.name(headers["origin"])
        args = Bounded.repr(headers["argsrepr"])
        kwargs = Bounded.repr(headers["kwargsrepr"])
        let limits = headers["timelimit"]?.array ?? []
        timeLimit = Bounded.seconds(limits.first)
        softTimeLimit = limits.count > 1 ? Bounded.seconds(limits[1]) : nil
        priority = Bounded.count(properties["priority"])
        deliveryTag = Bounded.name(properties["delivery_tag"])
        exchange = Bounded.name(delivery["exchange"])
        routingKey = Bounded.name(delivery["routing_key"])
        isRedelivered = headers["redelivered"]?.bool ?? delivery["redelivered"]?.bool ?? false
        body = Self.body(envelope, properties)
    }

    private static func body(_ envelope: JsonValue, _ properties: JsonValue) -> JsonValue? {
        guard envelope["content-type"]?.string == "application/json",
            let text = envelope["body"]?.string
        else { return nil }
        let most = CeleryLimits.maxBodyShownBytes
        let bytes: [UInt8]?
        if properties["body_encoding"]?.string == "base64" {
            guard text.utf8.count <= (most + 2) / 3 * 4 else { return nil }
            bytes = Base64.decode(Array(text.utf8).span)
        } else {
            bytes = Array(text.utf8)
        }
        guard let bytes, bytes.count <= most else { return nil }
        return try? JsonReader.parse(bytes, limits: .celery)
    }
}
