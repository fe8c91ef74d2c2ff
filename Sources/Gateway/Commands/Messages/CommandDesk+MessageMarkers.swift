internal import EventLoop
internal import LiveSync
internal import Ports

/// What the marker of a command for one message tells: whether its script has run.
///
/// Whoever asks takes the marker if nobody has it, so a script that is still under way does nothing when it
/// arrives: the answer stays true.
extension CommandDesk {
    /// Finds out about commands for messages that the last run of the gateway was about to perform.
    func examineLostMessages() async {
        for var record in lost
        where CommandCatalog.messages.contains(where: { $0.name == record.command }) {
            let isDone: Bool
            do throws(BrokerError) {
                isDone = try await hasRun(record.id)
            } catch {
                // The next connection tries again.
                return
            }
            record.stage = isDone ? .confirmed : .failed
            record.reason = isDone ? nil : MessageWords.neverSent
            if isDone { record.evidence.append(MessageWords.doneBefore) }
            lost.removeAll { $0.id == record.id }
            if to.rows.engine.handle(of: record.id, in: to.rows.commands) != nil {
                to.rows.engine.upsert(to.rows.commands, id: record.id, fields(record))
                to.onChange()
            }
            await save(lost: record)
        }
    }

    /// Finds out about a command whose script was sent on a connection that broke, as soon as the broker can
    /// be asked.
    func settleLater(_ command: Open) {
        Task { @LoopActor in
            while open[command.record.id] === command, command.tracker.state == .unknown {
                await pause(.milliseconds(MessageLimits.askAgainMilliseconds))
                do throws(BrokerError) {
                    learn(
                        try await hasRun(command.record.id)
                            ? .done(MessageWords.doneBefore) : .notSent(MessageWords.neverSent),
                        for: command)
                } catch {
                    // Asked again while it is open.
                    continue
                }
            }
        }
    }

    /// Whether a command's script has run; if not, it never will: the marker is taken here if nobody has it.
    func hasRun(_ id: String) async throws(BrokerError) -> Bool {
        let key = to.settings.markKey(id)
        let taken = try await to.broker.send([
            Array("SET".utf8), key, Array(TrashMark.lost.utf8), Array("NX".utf8), Array("EX".utf8),
            Array("\(MessageLimits.markerSeconds)".utf8),
        ])
        guard taken == .null else { return false }
        let marker = try await to.broker.send([Array("GET".utf8), key])
        return marker != .null && marker != .bulk(Array(TrashMark.lost.utf8))
    }
}

/// Sentences about commands for messages that more than one place says.
enum MessageWords {
    static let doneBefore = "broker: it had been done when the answer was lost"
    static let neverSent = "the broker never got it; nothing was done, and nothing will be"
}
