import WireFormats

/// Frames are the same however the stream is cut. The first byte tells the size of the pieces.
func fuzzStream(_ bytes: [UInt8]) throws(Violation) {
    let rest = Array(bytes.dropFirst())
    let whole = messages(rest, pieces: max(rest.count, 1))
    let cut = messages(rest, pieces: Int(bytes.first ?? 0) % 16 + 1)
    try expect(whole == cut, "the messages depend on where the stream is cut")
}

private struct Read: Equatable {
    var messages: [WebSocketReader.Message] = []
    var fault: WebSocketReader.Fault?
}

private func messages(_ bytes: [UInt8], pieces: Int) -> Read {
    var reader = WebSocketReader(limit: 512)
    var read = Read()
    do throws(WebSocketReader.Fault) {
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            reader.feed(Array(bytes[start..<min(start + pieces, bytes.count)]))
            while let message = try reader.next() { read.messages.append(message) }
        }
    } catch {
        read.fault = error
    }
    return read
}
