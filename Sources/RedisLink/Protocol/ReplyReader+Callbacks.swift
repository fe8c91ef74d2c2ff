internal import CHiredis

/// hiredis's object functions: each passes a piece to the sink. What they return is only looked at
/// for being null ("no memory"), so it is always the sink's own address.
enum ReplyCallbacks {
    // SAFETY: filled once and never changed or freed; hiredis only reads it.
    nonisolated(unsafe) static let table: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        unsafe table.initialize(
            to: redisReplyObjectFunctions(
                createString: createString, createArray: createArray,
                createInteger: createInteger, createNil: createNull, freeObject: freeNothing))
        return unsafe table
    }()
}

private typealias Piece = UnsafePointer<redisReadTask>?

private func answer(
    _ task: Piece, _ body: (ReplySink) -> Bool
) -> UnsafeMutableRawPointer? {
    guard let data = unsafe task?.pointee.privdata else { return nil }
    // SAFETY: the reader that calls us holds its sink.
    let sink = unsafe Unmanaged<ReplySink>.fromOpaque(data)
    return unsafe sink._withUnsafeGuaranteedRef { body($0) } ? data : nil
}

private func createString(
    _ task: Piece, _ start: UnsafeMutablePointer<CChar>?, _ count: Int
) -> UnsafeMutableRawPointer? {
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
    let kind: ReplySink.Kind =
        switch unsafe task?.pointee.type {
        case REDIS_REPLY_STATUS: .status
        case REDIS_REPLY_ERROR: .error
        default: .bulk
        }
    return unsafe answer(task) { unsafe $0.string(bytes, kind) }
}

private func createArray(_ task: Piece, _ count: Int32) -> UnsafeMutableRawPointer? {
    unsafe answer(task) { $0.beginArray(Int(count)) }
}

private func createInteger(_ task: Piece, _ value: Int64) -> UnsafeMutableRawPointer? {
    unsafe answer(task) { $0.integer(value) }
}

private func createNull(_ task: Piece) -> UnsafeMutableRawPointer? {
    unsafe answer(task) { $0.null() }
}

private func freeNothing(_ object: UnsafeMutableRawPointer?) {}
