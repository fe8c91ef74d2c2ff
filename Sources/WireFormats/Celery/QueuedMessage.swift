/// A waiting task message whose place can be changed without harm.
///
/// Only where it goes and how urgent it is are edited, in place: all other bytes stay as they are, so
/// body, headers and id are the producer's own, whatever serializer wrote them. A message that would
/// harm the worker that takes it is not read at all (``MessageHarm``).
package struct QueuedMessage: Sendable {
    /// The message as it waits.
    package let bytes: [UInt8]
    /// Task id; nil if it is no text.
    package let id: String?
    /// Task name; nil if it is no text, or within a body that is not opened.
    package let task: String?
    /// Field in `unacked` once a worker takes it.
    package let deliveryTag: String
    /// How urgent kombu takes it to be: 0 is the most urgent.
    package let priority: Int

    /// Where its parts stand; of a text with its quotes.
    private let exchange: Range<Int>
    private let routingKey: Range<Int>
    private let deliveryInfo: Range<Int>
    private let priorityValue: Range<Int>?

    /// Reads an item of a queue's list.
    ///
    /// - Throws: what would happen to the worker that takes it, or why that cannot be told.
    package init(decoding bytes: [UInt8]) throws(CeleryError) {
        guard bytes.count <= CeleryLimits.maxMovedBytes else {
            throw CeleryError(
                .tooLarge, "",
                "the message has \(bytes.count) bytes; at most \(CeleryLimits.maxMovedBytes) are read"
            )
        }
        let parts: MessageParts
        do throws(JsonError) {
            parts = try JsonScanner.scan(bytes.span, maxDepth: CeleryLimits.maxDepth) {
                (scanner) throws(JsonError) -> MessageParts in try MessageParts(&scanner)
            }
        } catch {
            throw CeleryError(.undecodable, "", "the message is not JSON: \(error)")
        }
        if let harm = MessageHarm.harm(of: parts, in: bytes) {
            throw CeleryError(.invalid, "", harm)
        }
        guard let tag = parts.deliveryTag, let exchange = parts.exchange,
            let routingKey = parts.routingKey, let deliveryInfo = parts.deliveryInfo
        else { throw CeleryError(.invalid, "", "properties.delivery_info is not complete") }
        self.bytes = bytes
        id = parts.id
        task = parts.task
        deliveryTag = tag
        priority = parts.priority
        self.exchange = exchange
        self.routingKey = routingKey
        self.deliveryInfo = deliveryInfo
        priorityValue = parts.priorityValue
    }

    /// The message for another queue, so that a restored or retried one goes there as well.
    ///
    /// - Parameters:
    ///   - queue: where it goes, by the anonymous exchange.
    ///   - priority: the new priority; nil leaves what is written.
    package func moved(to queue: String, priority: Int? = nil) throws(CeleryError) -> [UInt8] {
        try MessageRules.queue(queue, "queue")
        var edits = [
            (exchange, Array("\"\"".utf8)), (routingKey, Self.quoted(queue)),
        ]
        if let priority { edits.append(try edit(priority)) }
        return apply(edits)
    }

    /// The message with another priority.
    package func prioritized(_ priority: Int) throws(CeleryError) -> [UInt8] {
        apply([try edit(priority)])
    }

    private func edit(_ priority: Int) throws(CeleryError) -> (Range<Int>, [UInt8]) {
        try MessageRules.priority(priority, "priority")
        if let priorityValue { return (priorityValue, Array("\(priority)".utf8)) }
        let end = deliveryInfo.upperBound
        return (end..<end, Array(", \"priority\": \(priority)".utf8))
    }

    private func apply(_ edits: [(place: Range<Int>, text: [UInt8])]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 1_024)
        var position = 0
        for edit in edits.sorted(by: { $0.place.lowerBound < $1.place.lowerBound }) {
            result += bytes[position..<edit.place.lowerBound]
            result += edit.text
            position = edit.place.upperBound
        }
        return result + bytes[position...]
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var writer = JsonWriter(asciiOnly: true)
        writer.string(text)
        return writer.bytes
    }
}
