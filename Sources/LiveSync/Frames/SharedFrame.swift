/// A frame that any number of clients receive. Whoever writes it keeps the written bytes on it, so that
/// it is encoded and compressed once.
package final class SharedFrame {
    /// What it says.
    package let content: FrameContent
    /// What kind of frame it is.
    package let kind: FrameKind
    /// The revisions that a delta goes from and to; `nil` for other frames.
    package let span: (from: Int, to: Int)?
    private var attachments: [(subscription: Int, value: AnyObject)] = []

    /// Subscription numbers with an attachment of their own. Clients of one kind choose the same
    /// numbers; one that chooses odd ones pays with an encoding, not with memory.
    static let attachmentLimit = 16

    init(_ content: FrameContent) {
        self.content = content
        switch content {
        case .reset: (kind, span) = (.reset, nil)
        case .snapshot: (kind, span) = (.snapshot, nil)
        case .delta(let part): (kind, span) = (.delta, (part.from, part.to))
        case .viewSnapshot: (kind, span) = (.viewSnapshot, nil)
        case .viewDelta(let part): (kind, span) = (.viewDelta, (part.from, part.to))
        }
    }

    /// What was kept for a subscription number, or a new one.
    ///
    /// - Parameters:
    ///   - subscription: the number the client chose; it stands in the frame.
    ///   - make: writes the frame. Must give the same type every time.
    package func attachment<Value: AnyObject>(
        for subscription: Int, make: (FrameContent) -> Value
    ) -> Value {
        for attachment in attachments where attachment.subscription == subscription {
            if let value = attachment.value as? Value { return value }
        }
        let value = make(content)
        if attachments.count < Self.attachmentLimit {
            attachments.append((subscription, value))
        }
        return value
    }
}

/// The next frame for one client: see ``SyncEngine/next(for:now:)``.
package struct Outgoing {
    /// The number the client gave its subscription.
    package let subscription: Int
    /// What to send; written bytes are kept on it.
    package let frame: SharedFrame
}
