internal import Ports

/// What a WebSocket has received, and what it has not been able to send.
struct SocketState {
    /// The client's address: the peer, or whom a trusted proxy named.
    let address: String
    /// Whether the peer has not said who it is.
    var isStranger = true
    /// The message that is coming in.
    var assembler: MessageAssembler
    /// Payload bytes of the present frame that have not come yet.
    var remaining = 0
    /// Frames that wait until the kernel has taken earlier ones.
    var pending: [SharedFrame] = []
    /// Frames of `pending` that have been written; cut off in batches.
    var written = 0
    var pendingBytes = 0
    /// Whether what is sent now waits for the writable callback: libwebsockets keeps a pong until then, and if a
    /// ping came inside of the message that is being delivered, its pong goes before the answer to the message.
    var holdsBack = false
    /// Whether `pending` waits for nothing else.
    var hasHeldBack = false
    /// Whether `socketDrained` is owed.
    var owesDrained = false
    /// Milliseconds of the loop's clock when the peer was last heard.
    var lastHeard: UInt64
    /// The code of the Close frame that went out or came in first; 1006 if none did.
    var closeCode: UInt16 = 1006
    var hasSentClose = false
    /// Pieces of messages that came although it was over.
    var ignoredPieces = 0
    var hasReceivedClose = false

    /// Lets go of what waits.
    mutating func forgetPending() {
        pending = []
        written = 0
        pendingBytes = 0
        hasHeldBack = false
    }

    /// Whether frames may be written at once, unless libwebsockets keeps some.
    var takesFrames: Bool { isOpen && pending.isEmpty && !holdsBack }

    /// Whether frames may still be sent and messages delivered.
    var isOpen: Bool { !hasSentClose && !hasReceivedClose }
}
