/// A frame that was refused, with the id to answer to if it had one.
package struct FrameRefusal: Error, Sendable, Equatable {
    /// The request's id, if it could be read.
    package var id: RequestID?
    /// Why.
    package var fault: FrameFault
    /// Whether the frame was no JSON-RPC request at all: the connection is closed with 4400. A batch is
    /// well-formed, only refused (R7).
    package var isMalformed: Bool
    /// Name of the command that it asked for (`cmd.submit`), empty if it names none; `nil` if it asked for
    /// something else.
    package var command: String?

    /// Makes a refusal.
    init(_ fault: FrameFault, id: RequestID? = nil, isMalformed: Bool = false) {
        self.id = id
        self.fault = fault
        self.isMalformed = isMalformed
    }
}
