internal import WireFormats

/// A message as it is to be, and where it goes.
struct MessageChange {
    /// Its bytes.
    let message: [UInt8]
    /// The queue it goes to.
    let queue: String
    /// Before and after.
    let oldPriority: Int
    let priority: Int

    /// The step of its list.
    let step: Int

    /// Changes a message that was found.
    ///
    /// - Throws: if it cannot be read whole, or would harm the worker that takes it.
    init(
        _ spec: MessageSpec, _ found: CommandDesk.FoundMessage, naming: QueueNaming
    ) throws(CeleryError) {
        guard found.bytes.count == found.size else {
            throw CeleryError(
                .tooLarge, "",
                "the message has \(found.size) bytes; at most \(CeleryLimits.maxMovedBytes) can be moved"
            )
        }
        let old = try QueuedMessage(decoding: found.bytes)
        oldPriority = old.priority
        switch spec.act {
        case .move(let other, let priority):
            message = try old.moved(to: other, priority: priority)
            queue = other
            self.priority = priority ?? old.priority
        case .prioritize(let priority):
            message = try old.prioritized(priority)
            queue = spec.queue
            self.priority = priority
        case .delete: throw CeleryError(.invalid, "", "a message to delete is not changed")
        }
        step = QueueKeys.step(self.priority, naming: naming)
    }
}
