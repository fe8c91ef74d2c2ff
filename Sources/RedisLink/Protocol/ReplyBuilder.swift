internal import Ports

/// Builds ``RESPValue``s for command connections.
final class ReplyBuilder: ReplySink {
    private struct Frame {
        var elements: [RESPValue]
        var missing: Int
    }

    private let limits: RedisLimits
    private var frames: [Frame] = []
    private var finished: RESPValue?
    private var elementCount = 0
    private var byteCount = 0

    init(limits: RedisLimits) {
        self.limits = limits
    }

    /// The complete reply; call it once after each.
    func takeReply() -> RESPValue {
        defer {
            finished = nil
            elementCount = 0
            byteCount = 0
        }
        return finished ?? .null
    }

    override func beginArray(_ count: Int) -> Bool {
        elementCount += count
        guard elementCount <= limits.replyElements else {
            return refuse(
                "the server announced \(elementCount) elements; "
                    + "\(limits.replyElements) are allowed")
        }
        if count == 0 { return accept(.array([])) }
        // An announced count is not yet a received one, so it reserves little.
        var elements: [RESPValue] = []
        elements.reserveCapacity(min(count, 256))
        frames.append(Frame(elements: elements, missing: count))
        return true
    }

    override func string(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) -> Bool {
        byteCount += bytes.count
        guard bytes.count <= limits.bulkBytes, byteCount <= limits.replyBytes else {
            return refuse("the server sent a reply of more than \(limits.replyBytes) bytes")
        }
        switch kind {
        case .bulk: return accept(.bulk(unsafe Array(bytes)))
        case .status: return accept(.status(unsafe String(decoding: bytes, as: UTF8.self)))
        case .error: return accept(.error(unsafe String(decoding: bytes, as: UTF8.self)))
        }
    }

    override func integer(_ value: Int64) -> Bool { accept(.integer(value)) }

    override func null() -> Bool { accept(.null) }

    private func accept(_ value: RESPValue) -> Bool {
        var value = value
        while var frame = frames.popLast() {
            frame.elements.append(value)
            frame.missing -= 1
            guard frame.missing == 0 else {
                frames.append(frame)
                return true
            }
            value = .array(frame.elements)
        }
        finished = value
        return true
    }
}
