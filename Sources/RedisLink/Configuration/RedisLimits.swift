/// How big things may get on a link. Whatever a server sends or a caller asks beyond is refused.
package struct RedisLimits: Sendable, Equatable {
    /// Replies a command connection may wait for; more is `.overloaded`.
    package var inFlight = 8192
    /// Bytes of commands not yet taken by the socket; more is `.overloaded`.
    package var writeBuffer = 16 << 20
    /// Elements of one reply, all levels together.
    package var replyElements = 1 << 20
    /// Bytes of one bulk string, such as one message's payload.
    package var bulkBytes = 64 << 20
    /// Bytes of all strings of one reply.
    package var replyBytes = 128 << 20
    /// Bytes of one status, error, integer or header line.
    package var lineBytes = 64 << 10
    /// Decoded items in one ``SubscriptionBatch``; one message that yields more is not split.
    package var batchItems = 4096
    /// Payload bytes in one ``SubscriptionBatch``; one bigger message is not split.
    package var batchBytes = 1 << 20
    /// Payload bytes (plus ``messageOverhead`` per message and per item) that may wait for the
    /// loop; what comes beyond is counted as dropped.
    package var inboxBytes = 64 << 20
    /// What a waiting message or item costs beside its payload, for ``inboxBytes``.
    package var messageOverhead = 64
    /// Bytes of a channel's name.
    package var channelBytes = 4096

    /// How deep a reply may nest. It is the size of hiredis 0.14's parse stack (`rstack[9]`) and
    /// cannot be raised: eight arrays inside each other with scalars on the ninth level.
    package static let replyDepth = 9

    /// The defaults.
    package init() {}
}
