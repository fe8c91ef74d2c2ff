/// What became of one message from an event channel.
package enum EventOutcome: Sendable, Equatable {
    /// Events were appended. `ignored`: events about neither tasks nor workers (a program may send
    /// any type); `refused`: elements of the list that were no events.
    case decoded(events: Int, ignored: Int, refused: Int)
    /// The body is written in a serializer that is not read here (pickle, msgpack, yaml, compressed).
    case skipped(contentType: String)
    /// No event could be read.
    case undecodable(String)
}
