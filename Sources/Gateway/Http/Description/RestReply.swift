internal import LiveSync
internal import WireFormats

/// What a route answers if all is well, as it is described.
struct RestReply: Sendable {
    /// The status code.
    var status: Int
    /// The JSON schema of the body; `nil` if it is plain text or none.
    var schema: JsonValue?
    /// Whether the body is plain text.
    var isText = false

    /// Plain text.
    static let text = RestReply(status: 200, schema: nil, isText: true)

    /// Plain text that says: not yet.
    static let notReady = RestReply(status: 503, schema: nil, isText: true)

    /// No body, because the reader has it already.
    static let unchanged = RestReply(status: 304, schema: nil)

    /// No body: the browser goes on elsewhere.
    static let elsewhere = RestReply(status: 303, schema: nil)

    /// No body.
    static let nothing = RestReply(status: 204, schema: nil)

    /// A JSON object with at least these members.
    static func object(_ members: KeyValuePairs<String, JsonValue>, status: Int = 200) -> RestReply
    {
        RestReply(
            status: status,
            schema: [
                "type": "object", "required": .array(members.map { .string($0.key) }),
                "properties": .object(members.map { JsonMember($0.key, $0.value) }),
            ])
    }

    /// A page of the rows of a topic.
    static func rows(_ schema: TopicSchema) -> RestReply {
        let rows: JsonValue = ["type": "array", "items": OpenApi.reference(to: schema)]
        return RestReply(
            status: 200,
            schema: [
                "type": "object", "required": ["epoch", "rev", .string(schema.name), "next"],
                "properties": .object([
                    JsonMember("epoch", ["type": "string"]),
                    JsonMember("rev", ["type": "integer"]), JsonMember(schema.name, rows),
                    JsonMember("next", nextPage),
                ]),
            ])
    }

    /// The schema of `next`: what the page behind takes as `after`, or that there is none.
    static let nextPage: JsonValue = ["type": ["string", "null"]]

    /// One row of a topic.
    static func row(_ schema: TopicSchema) -> RestReply {
        RestReply(status: 200, schema: OpenApi.reference(to: schema))
    }

    /// What became of a request to do something.
    static let receipt = RestReply.object(
        ["id": ["type": "string"], "state": ["type": "string"], "duplicate": ["type": "boolean"]],
        status: 202)

    /// The same, if the request came before.
    static let earlierReceipt = RestReply(status: 200, schema: receipt.schema)
}
