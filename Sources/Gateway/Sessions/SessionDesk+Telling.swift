internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

extension SessionDesk {
    /// The tick: sends every session what is due for it, after a commit.
    func tell() {
        let engine = to.rows.engine
        meters.committed(engine.revision, at: now)
        let head = to.events.log.head
        var changed = engine.topicsChanged(since: told.revision)
        if head != told.head { changed.insert(.extra) }
        // Another history concerns also those that wait for nothing.
        let isAll = tellsAll || told.epoch != engine.epoch
        tellsAll = false
        let due = agenda.take(changed, now: now)
        told = (engine.revision, head, engine.epoch)
        if isAll {
            for session in Array(sessions.values) { serve(session) }
        } else {
            for socket in due {
                if let session = sessions[socket] { serve(session) }
            }
        }
        // Whoever waits for a moment had asked for a tick then, and this one may have come before it.
        if let next = agenda.next { to.wait(next) }
    }

    /// The kernel takes bytes for a socket again.
    func drained(_ socket: SocketID) {
        guard let session = sessions[socket] else { return }
        serve(session)
    }

    /// Sends one session what is due for it, as long as its socket takes it, and notes when to look at it
    /// again.
    ///
    /// What is due goes out in one write: a write costs more than anything else here.
    func serve(_ session: ClientSession) {
        guard session.principal != nil, let output else { return }
        guard !to.rows.engine.hasPendingChanges else {
            // Not before they are a revision.
            wait(session, Outlook(at: now))
            return
        }
        while true {
            guard output.isDrained(session.socket) else {
                // Whoever is told that it is drained serves it; this is for what is not told.
                wait(session, Outlook(at: now + SessionLimits.stuckMilliseconds))
                return
            }
            let frames = gather(session)
            guard !frames.isEmpty else { break }
            send(frames, to: session)
        }
        var outlook = to.rows.engine.outlook(for: session.sync, now: now)
        lookAhead(at: session.events, &outlook)
        wait(session, outlook)
    }

    /// What is due for a session, up to the bytes of one write.
    private func gather(_ session: ClientSession) -> [Ports.SharedFrame] {
        let now = now
        var bytes = 0
        var frames = gatherEvents(session, &bytes)
        if !frames.isEmpty { meters.sent(.events, frames: frames.count, bytes: bytes) }
        let role = session.principal?.role ?? .viewer
        while bytes < SessionLimits.writeBytes,
            let outgoing = to.rows.engine.next(for: &session.sync, now: now)
        {
            let number = outgoing.subscription
            let frame = outgoing.frame.attachment(for: number) { content in
                framesEncoded += 1
                return Ports.SharedFrame(
                    text: ServerFrame.encode(content, subscription: number), isCompressible: true)
            }
            bytes += frame.bytes.count
            meters.sent(outgoing.frame, bytes: frame.bytes.count, to: role, now: now)
            frames.append(frame)
        }
        return frames
    }

    private func wait(_ session: ClientSession, _ outlook: Outlook) {
        agenda.put(session.socket, outlook)
        if let at = outlook.at { to.wait(Agenda.moment(of: at)) }
    }
}
