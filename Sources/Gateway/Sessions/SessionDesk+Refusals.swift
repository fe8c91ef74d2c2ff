internal import EventLoop
internal import Ports
internal import WireFormats

extension SessionDesk {
    /// Writes to the audit that a command was refused before the command desk saw it, as its REST twin does.
    ///
    /// The answer does not wait for it: a refused command has no effect.
    ///
    /// - Parameter command: its name, empty if it has none; `nil` if no command was asked for.
    func noteRefusal(of command: String?, _ reason: String, _ session: ClientSession) {
        // A stranger's frame is refused as one, whatever it asks for.
        guard let command, let principal = session.principal else { return }
        let remote = session.peer
        Task { @LoopActor in
            await to.commands.auditRefusal(
                of: command, by: principal, at: remote, CommandFault(.invalid, reason))
        }
    }
}

extension ClientFrame.Call {
    /// Name of the command that is asked for.
    var command: String? {
        if case .submit(let submission) = self { submission.command } else { nil }
    }
}
