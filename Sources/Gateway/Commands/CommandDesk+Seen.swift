internal import Fleet
internal import LiveSync

extension CommandDesk {
    /// Refuses a command whose client has seen the queue otherwise: what it counted on is not so any more.
    ///
    /// Depths are looked at about once a second, so this keeps a person from acting on an old screen; what must
    /// hold in the very moment is checked by the broker (`messagesMax`).
    func checkSeen(_ spec: CommandSpec) throws(CommandFault) {
        guard let (queue, revision) = spec.seen, let depth = Topics.queues.column("depth") else {
            return
        }
        let engine = to.rows.engine
        guard revision <= engine.revision else {
            throw CommandFault(
                .precondition,
                "expect.rev is later than revision \(engine.revision): it is of another epoch")
        }
        guard let changed = engine.revision(to.rows.queues, id: queue, column: depth) else {
            throw CommandFault(.precondition, "queue \(queue) is not known any more")
        }
        let now = to.feed.fleet.queue(queue)?.depth
        let shown = engine.value(to.rows.queues, id: queue, column: depth)
        guard changed <= revision, shown == now.map(FieldValue.int) ?? .absent else {
            throw CommandFault(
                .precondition,
                "queue \(queue) has changed since revision \(revision)"
                    + (now.map { ": it holds \($0) messages now" } ?? ""))
        }
    }
}
