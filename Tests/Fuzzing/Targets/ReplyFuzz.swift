import Ports

@testable import RedisLink

/// Bounds that short inputs reach.
private let limits = {
    var limits = RedisLimits()
    limits.replyElements = 512
    limits.bulkBytes = 1_024
    limits.replyBytes = 2_048
    limits.channelBytes = 64
    return limits
}()

/// A stream is the same replies however it is cut, and refused whole or cut. The first byte tells the size
/// of the pieces.
func fuzzReplies(_ bytes: [UInt8]) throws(Violation) {
    let rest = Array(bytes.dropFirst())
    let whole = try replies(rest, pieces: rest.count)
    let cut = try replies(rest, pieces: Int(bytes.first ?? 0) % 16 + 1)
    try expect(whole == cut, "the replies depend on where the stream is cut")
}

/// What came of a stream.
private struct Outcome: Equatable {
    var replies: [RESPValue] = []
    var isRefused = false
}

private func replies(_ bytes: [UInt8], pieces: Int) throws(Violation) -> Outcome {
    let builder = ReplyBuilder(limits: limits)
    var outcome = Outcome()
    outcome.isRefused = try !feed(bytes, pieces: pieces, to: builder) {
        outcome.replies.append(builder.takeReply())
    }
    return outcome
}

/// Feeds a stream in pieces; false if it was refused.
private func feed(
    _ bytes: [UInt8], pieces: Int, to sink: ReplySink, onReply: () -> Void
) throws(Violation) -> Bool {
    guard let reader = try? ReplyReader(sink: sink, limits: limits) else {
        throw Violation("there is no reader")
    }
    for start in stride(from: 0, to: bytes.count, by: max(pieces, 1)) {
        // Bytes of their own, so that the address sanitizer sees a read beyond them.
        let piece = Array(bytes[start..<min(start + max(pieces, 1), bytes.count)])
        let isRead = unsafe piece.withUnsafeBytes { buffer in
            (try? unsafe reader.feed(buffer) { () throws(LinkFailure) in onReply() }) != nil
        }
        guard isRead else { return false }
    }
    return true
}

/// Pushes are the same however the stream is cut; every message is decoded once, and none while dropping.
func fuzzPushes(_ bytes: [UInt8]) throws(Violation) {
    let rest = Array(bytes.dropFirst())
    let head = bytes.first ?? 0
    let whole = try pushes(rest, pieces: rest.count, isDropping: false)
    let cut = try pushes(rest, pieces: Int(head) % 16 + 1, isDropping: false)
    try expect(whole == cut, "the messages depend on where the stream is cut")
    let dropped = try pushes(rest, pieces: rest.count, isDropping: true)
    try expect(dropped.items.isEmpty, "a message was decoded while dropping")
    try expect(dropped.dropped == whole.items.count, "not every dropped message was counted")
}

/// What came of pushes.
private struct Pushed: Equatable {
    var items: [[UInt8]] = []
    var dropped = 0
    var probes: [Int] = []
    var confirmations = 0
    var isRefused = false
}

private func pushes(
    _ bytes: [UInt8], pieces: Int, isDropping: Bool
) throws(Violation) -> Pushed {
    let sink = PushSink<[UInt8]>(
        decode: { channel, payload, items in
            items.append(copy(channel) + [0] + copy(payload))
        }, probeChannel: Array("probe".utf8), limits: limits)
    sink.isDropping = isDropping
    let isRead = try feed(bytes, pieces: pieces, to: sink) {}
    return Pushed(
        items: sink.batch.items, dropped: sink.batch.dropped, probes: sink.probes,
        confirmations: sink.confirmations, isRefused: !isRead)
}

private func copy(_ span: Span<UInt8>) -> [UInt8] {
    span.indices.map { span[$0] }
}
