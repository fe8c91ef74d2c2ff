extension TaskMessage {
    /// The event that a publishing client announces the task with (`task_send_sent_event`), for the
    /// channel `/{db}.celeryev/task.sent`; other monitors learn of the task by it.
    ///
    /// - Parameters:
    ///   - hostname: who sends it, such as `gen17@host`.
    ///   - timestamp: unix seconds.
    ///   - pid: process of the sender.
    ///   - deliveryTag: unique.
    package func encodedSentEvent(
        hostname: String, timestamp: Double, pid: Int, deliveryTag: String
    ) throws(CeleryError) -> [UInt8] {
        try validate()
        try MessageRules.name(hostname, "hostname")
        try MessageRules.id(deliveryTag, "deliveryTag")
        guard timestamp >= 0, timestamp <= CeleryLimits.maxTimestamp else {
            throw CeleryError(.invalid, "timestamp", "must be unix seconds")
        }
        func text(_ text: String?) -> JsonValue { text.map(JsonValue.string) ?? .null }
        let event: [JsonMember] = [
            JsonMember("hostname", .string(hostname)), JsonMember("utcoffset", 0),
            // A large clock would be adopted by every worker that hears it.
            JsonMember("pid", .integer(Int64(pid))), JsonMember("clock", 1),
            JsonMember("uuid", .string(id)), JsonMember("root_id", .string(rootID ?? id)),
            JsonMember("parent_id", text(parentID)), JsonMember("name", .string(task)),
            JsonMember("args", .string(argsRepr)), JsonMember("kwargs", .string(kwargsRepr)),
            JsonMember("retries", .integer(Int64(retries))), JsonMember("eta", text(eta)),
            JsonMember("expires", text(expires)), JsonMember("queue", .string(queue)),
            JsonMember("exchange", .string(exchange?.name ?? "")),
            JsonMember("routing_key", .string(exchange?.routingKey ?? queue)),
            JsonMember("timestamp", .number(timestamp)), JsonMember("type", "task-sent"),
        ]
        var writer = JsonWriter(asciiOnly: true)
        writer.value(.object(event))
        return EnvelopeWriter.envelope(
            body: writer.bytes, headers: [JsonMember("hostname", .string(hostname))],
            EnvelopeWriter.Delivery(
                tag: deliveryTag, exchange: "celeryev", routingKey: "task.sent", mode: 1))
    }
}
