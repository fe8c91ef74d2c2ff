/// Where workers put their answers: a list of ours, reached through the anonymous exchange, so that no
/// binding is left behind.
package struct ControlReplyAddress: Sendable, Equatable {
    /// Tells which question an answer belongs to.
    package var ticket: String
    /// The list, without a `global_keyprefix` (workers put it in front themselves).
    package var key: String

    /// Makes an address.
    package init(ticket: String, key: String) {
        self.ticket = ticket
        self.key = key
    }
}

/// A remote control command as it is published on `/{db}.celery.pidbox` (kombu/pidbox.py).
package struct ControlMessage: Sendable, Equatable {
    /// What to do.
    package var method: ControlMethod
    /// Node names; empty for every worker, which commands that change a pool do not take.
    package var destination: [String]
    /// Where answers go; nil if none are wanted.
    package var reply: ControlReplyAddress?
    /// Unique.
    package var deliveryTag: String

    /// Makes a command.
    package init(
        _ method: ControlMethod, destination: [String] = [], reply: ControlReplyAddress?,
        deliveryTag: String
    ) {
        self.method = method
        self.destination = destination
        self.reply = reply
        self.deliveryTag = deliveryTag
    }

    /// The bytes to publish.
    ///
    /// No `clock` and no `expires`: a large clock would raise every worker's, and nobody heeds the other.
    package func encoded() throws(CeleryError) -> [UInt8] {
        let arguments = try method.arguments()
        try validate()
        var writer = JsonWriter(asciiOnly: true)
        writer.beginObject()
        writer.member("method", method.name as String?)
        writer.member("arguments", .object(arguments))
        // A list always: in a string, workers look for their name as a part of it.
        writer.member(
            "destination",
            destination.isEmpty ? .null : .array(destination.map(JsonValue.string)))
        writer.member("pattern", nil as String?)
        writer.member("matcher", nil as String?)
        if let reply {
            writer.member("ticket", reply.ticket as String?)
            writer.member("reply_to", ["exchange": "", "routing_key": .string(reply.key)])
        }
        writer.endObject()
        return EnvelopeWriter.envelope(
            body: writer.bytes, headers: [],
            EnvelopeWriter.Delivery(
                tag: deliveryTag, exchange: "celery.pidbox", routingKey: "", mode: 2))
    }

    private func validate() throws(CeleryError) {
        try MessageRules.id(deliveryTag, "deliveryTag")
        if destination.isEmpty, method.needsDestination {
            throw CeleryError(
                .invalid, "destination", "must name the workers for \(method.name)")
        }
        try MessageRules.count(destination.count, CeleryLimits.maxDestinations, "destination")
        for node in destination { try MessageRules.name(node, "destination") }
        if let reply {
            try MessageRules.id(reply.ticket, "ticket")
            try MessageRules.queue(reply.key, "reply.key")
        }
    }
}
