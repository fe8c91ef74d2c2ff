/// A part of a list.
package struct ListPart: Sendable, Equatable {
    /// Items to pass over.
    package var offset: Int
    /// Items at most.
    package var limit: Int

    /// Checks a part.
    ///
    /// - Parameters:
    ///   - limit: `nil` for the usual number.
    ///   - most: the largest limit.
    ///   - usual: the limit if none is given.
    /// - Returns: `nil` if it is out of range.
    package init?(offset: Int64?, limit: Int64?, most: Int, usual: Int) {
        guard 0...Self.largestOffset ~= offset ?? 0, 1...Int64(most) ~= limit ?? Int64(usual) else {
            return nil
        }
        self.offset = Int(offset ?? 0)
        self.limit = limit.map { Int($0) } ?? usual
    }

    /// The largest offset.
    package static let largestOffset: Int64 = 1_000_000_000
}

/// What a client reads once and in parts, because it is too large, or too seldom wanted, for rows.
package enum DetailRequest: Sendable, Equatable {
    /// `queue.messages`: what waits in a queue.
    case messages(queue: String, ListPart)
    /// `trash.messages`: what a purge has removed.
    case trash(id: String, ListPart)
    /// `cmd.read`: a command, and what workers answered to it.
    case command(id: String)
    /// `cmd.items`: what became of each task of a command for many.
    case outcomes(command: String, ListPart)

    /// Most messages in one answer, and how many come if no limit is given.
    package static let mostMessages = 100
    package static let usualMessages = 20
    /// Most outcomes in one answer; as many come if no limit is given.
    package static let mostOutcomes = 1_000
}

extension ClientFrame {
    static func messages(_ params: JsonValue) throws(FrameFault) -> DetailRequest {
        .messages(
            queue: try name(params, "queue"),
            try part(params, most: DetailRequest.mostMessages, usual: DetailRequest.usualMessages))
    }

    static func trash(_ params: JsonValue) throws(FrameFault) -> DetailRequest {
        .trash(
            id: try name(params, "id"),
            try part(params, most: DetailRequest.mostMessages, usual: DetailRequest.usualMessages))
    }

    static func command(_ params: JsonValue) throws(FrameFault) -> DetailRequest {
        .command(id: try name(params, "id"))
    }

    static func outcomes(_ params: JsonValue) throws(FrameFault) -> DetailRequest {
        .outcomes(
            command: try name(params, "id"),
            try part(params, most: DetailRequest.mostOutcomes, usual: DetailRequest.mostOutcomes))
    }

    private static func name(_ params: JsonValue, _ member: String) throws(FrameFault) -> String {
        guard let text = params[member]?.string, 1...ClientProtocol.stringBytes ~= text.utf8.count
        else { throw FrameFault(.invalidParams, "\(member) must be a text") }
        return text
    }

    private static func part(
        _ params: JsonValue, most: Int, usual: Int
    ) throws(FrameFault) -> ListPart {
        func whole(_ name: String) throws(FrameFault) -> Int64? {
            guard let value = params[name], !value.isNull else { return nil }
            guard let number = value.integer else {
                throw FrameFault(.invalidParams, "\(name) must be a whole number")
            }
            return number
        }
        guard
            let part = ListPart(
                offset: try whole("offset"), limit: try whole("limit"), most: most, usual: usual)
        else {
            throw FrameFault(
                .invalidParams,
                "offset is from 0 to \(ListPart.largestOffset), limit from 1 to \(most)")
        }
        return part
    }
}
