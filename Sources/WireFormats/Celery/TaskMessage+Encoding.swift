extension TaskMessage {
    /// The bytes to push, after `validate`.
    package func encoded() throws(CeleryError) -> [UInt8] {
        try validate()
        let body = encodedBody()
        guard body.count <= CeleryLimits.maxTaskBodyBytes else {
            throw CeleryError(
                .tooLarge, "args",
                "and the rest of the body are longer than \(CeleryLimits.maxTaskBodyBytes) bytes")
        }
        return EnvelopeWriter.envelope(
            body: body, headers: allHeaders,
            EnvelopeWriter.Delivery(
                tag: deliveryTag, exchange: exchange?.name ?? "",
                routingKey: exchange?.routingKey ?? queue, mode: 2,
                priority: priority ?? 0, correlationID: id, replyTo: ""))
    }

    /// Refuses what a worker would not take or would take harm from.
    package func validate() throws(CeleryError) {
        try MessageRules.name(task, "task")
        try MessageRules.id(id, "id")
        try MessageRules.id(deliveryTag, "deliveryTag")
        try MessageRules.queue(queue, "queue")
        if let exchange {
            try MessageRules.queue(exchange.name, "exchange")
            try MessageRules.queue(exchange.routingKey, "routingKey")
        }
        try MessageRules.priority(priority, "priority")
        for (index, argument) in args.enumerated() {
            try MessageRules.value(argument, "args[\(index)]")
        }
        try MessageRules.members(kwargs, "kwargs")
        try MessageRules.moment(eta, "eta")
        try MessageRules.moment(expires, "expires")
        guard (0...1_000_000).contains(retries) else {
            throw CeleryError(.invalid, "retries", "must be from 0 to 1000000")
        }
        try MessageRules.limit(softTimeLimit, "softTimeLimit")
        try MessageRules.limit(timeLimit, "timeLimit")
        if let shadow { try MessageRules.name(shadow, "shadow") }
        if let origin { try MessageRules.name(origin, "origin") }
        try validateFamily()
        try validateHeaders()
        try MessageRules.count(argsRepr.utf8.count, CeleryLimits.maxReprBytes, "argsRepr")
        try MessageRules.count(kwargsRepr.utf8.count, CeleryLimits.maxReprBytes, "kwargsRepr")
    }

    private func validateFamily() throws(CeleryError) {
        try MessageRules.optionalID(rootID, "rootID")
        try MessageRules.optionalID(parentID, "parentID")
        try MessageRules.optionalID(groupID, "groupID")
        if let groupIndex, groupIndex < 0 {
            throw CeleryError(.invalid, "groupIndex", "must not be negative")
        }
        try MessageRules.signatures(callbacks, "callbacks")
        try MessageRules.signatures(errbacks, "errbacks")
        try MessageRules.signatures(chain, "chain", needsID: true)
        if let chord {
            try MessageRules.signature(chord, "chord", depth: 0)
            guard groupID != nil else {
                throw CeleryError(.invalid, "chord", "needs a groupID")
            }
        }
    }

    private func validateHeaders() throws(CeleryError) {
        try MessageRules.count(headers.count, CeleryLimits.maxHeaders, "headers")
        try MessageRules.members(headers, "headers")
        for header in headers {
            try MessageRules.name(header.name, "headers")
            guard !MessageRules.ownHeaders.contains(header.name) else {
                throw CeleryError(
                    .invalid, "headers", "must not replace a header of Celery's own")
            }
        }
    }

    /// `[args, kwargs, embed]`
    private func encodedBody() -> [UInt8] {
        var writer = JsonWriter(asciiOnly: true)
        writer.beginArray()
        writer.value(.array(args))
        writer.value(.object(kwargs))
        writer.beginObject()
        write(callbacks, as: "callbacks", to: &writer)
        write(errbacks, as: "errbacks", to: &writer)
        // The worker takes the next step from the end.
        write(chain.reversed(), as: "chain", to: &writer)
        writer.name("chord")
        if let chord { chord.write(to: &writer) } else { writer.null() }
        writer.endObject()
        writer.endArray()
        return writer.bytes
    }

    private func write(
        _ signatures: [Signature], as name: String, to writer: inout JsonWriter
    ) {
        writer.name(name)
        guard !signatures.isEmpty else { return writer.null() }
        writer.beginArray()
        for signature in signatures { signature.write(to: &writer) }
        writer.endArray()
    }

    /// Celery's headers in its order, then one's own.
    private var allHeaders: [JsonMember] {
        func text(_ text: String?) -> JsonValue { text.map(JsonValue.string) ?? .null }
        func seconds(_ seconds: Double?) -> JsonValue {
            guard let seconds else { return .null }
            return seconds == seconds.rounded() ? .integer(Int64(seconds)) : .number(seconds)
        }
        return [
            JsonMember("lang", "py"), JsonMember("task", .string(task)),
            JsonMember("id", .string(id)), JsonMember("shadow", text(shadow)),
            JsonMember("eta", text(eta)), JsonMember("expires", text(expires)),
            JsonMember("group", text(groupID)),
            JsonMember("group_index", groupIndex.map { .integer(Int64($0)) } ?? .null),
            JsonMember("retries", .integer(Int64(retries))),
            JsonMember("timelimit", [seconds(timeLimit), seconds(softTimeLimit)]),
            JsonMember("root_id", .string(rootID ?? id)), JsonMember("parent_id", text(parentID)),
            JsonMember("argsrepr", .string(argsRepr)),
            JsonMember("kwargsrepr", .string(kwargsRepr)), JsonMember("origin", text(origin)),
            JsonMember("ignore_result", ignoreResult.map(JsonValue.bool) ?? .null),
            JsonMember("replaced_task_nesting", 0), JsonMember("stamped_headers", nil),
            JsonMember("stamps", [:]),
        ] + headers
    }
}
