import LiveSync

@testable import WireFormats

/// Bytes of a refusal's message at most. It may name what the client sent, but not send all of it back.
private let refusalBytes = 1_024

/// A frame is read or refused; a refusal is short, and a cursor that is taken is written the same.
func fuzzFrame(_ bytes: [UInt8]) throws(Violation) {
    let frame: ClientFrame
    do throws(FrameRefusal) {
        frame = try ClientFrame(decoding: bytes)
    } catch {
        let size = error.fault.message.utf8.count
        return try expect(size <= refusalBytes, "a refusal of \(size) bytes")
    }
    guard case .request(_, let call) = frame else { return }
    switch call {
    case .openView(let view): try fuzzCursor(view.after)
    case .move(_, let after): try fuzzCursor(after)
    case .query(let query): try fuzzCursor(query.after)
    default: break
    }
}

private func fuzzCursor(_ bound: SortBound?) throws(Violation) {
    guard let bound else { return }
    let text = PageCursor.encode(bound)
    try expect(PageCursor.decode(text) == bound, "the cursor \(text) is read as another place")
}
