import WireFormats

/// Every reader of what lies in Redis takes the same bytes. A message that may be moved is one of the same
/// id afterwards, in the queue it was moved to.
func fuzzMessage(_ bytes: [UInt8]) throws(Violation) {
    if let envelope = try? Envelope(decoding: bytes) { _ = try? envelope.json() }
    _ = try? MessagePreview(decoding: bytes)
    _ = try? UnackedEntry(decoding: bytes)
    _ = QueueKeys.origin(ofUnacked: bytes)
    _ = MessageTail(bytes)
    _ = MessageTail(ofUnacked: bytes)
    _ = ResultDecoder.form(bytes)
    _ = ResultDecoder.decode(bytes, id: "id")
    _ = try? ControlReply(decoding: bytes)
    _ = PythonLiteral.value(String(decoding: bytes, as: UTF8.self))
    guard let message = try? QueuedMessage(decoding: bytes) else { return }
    try fuzzMove(of: message)
}

private func fuzzMove(of message: QueuedMessage) throws(Violation) {
    let moved: QueuedMessage
    do throws(CeleryError) {
        moved = try QueuedMessage(decoding: message.moved(to: "fuzz", priority: 3))
    } catch {
        throw Violation("a moved message is none: \(error)")
    }
    try expect(
        moved.id == message.id && moved.task == message.task
            && moved.deliveryTag == message.deliveryTag, "a moved message is another one")
    try expect(moved.priority == 3, "the priority is \(moved.priority) instead of 3")
}
