internal import LiveSync
internal import Ports
internal import WireFormats

extension SessionDesk {
    /// `events.open` (R31).
    func openEvents(
        _ request: EventRequest, _ session: ClientSession, _ principal: Principal
    ) throws(FrameFault) -> JsonValue {
        let log = to.events.log
        guard !isOpen(request.subscription, session) else {
            throw FrameFault(.conflict, "subscription \(request.subscription) is open already")
        }
        let most = log.limits.readersPerSession
        guard session.events.count < most else {
            throw FrameFault(.limit, "a session has at most \(most) event subscriptions")
        }
        do throws(SyncError) {
            var reader = try EventReader(request, of: log, sync: to.rows.engine.limits)
            reader.narrow(to: principal.scope)
            session.events.append(reader)
            return [
                "sub": .integer(Int64(request.subscription)), "epoch": .string(log.epoch),
                "off": .integer(Int64(reader.position)), "first": .integer(Int64(log.first)),
                "head": .integer(Int64(log.head)),
            ]
        } catch {
            throw FrameFault(error)
        }
    }

    /// `events.close`.
    func closeEvents(
        _ subscription: Int, _ session: ClientSession
    ) throws(FrameFault) -> JsonValue {
        guard let index = session.events.firstIndex(where: { $0.number == subscription }) else {
            throw FrameFault(.conflict, "event subscription \(subscription) is not open")
        }
        session.events.remove(at: index)
        return ["sub": .integer(Int64(subscription))]
    }

    /// Whether a number is in use, be it for rows or for events.
    func isOpen(_ subscription: Int, _ session: ClientSession) -> Bool {
        session.sync.isOpen(subscription)
            || session.events.contains { $0.number == subscription }
    }

    func acknowledgeEvents(_ acknowledgements: [Acknowledgement], _ session: ClientSession) {
        guard !session.events.isEmpty else { return }
        for acknowledgement in acknowledgements {
            guard
                let index = session.events.firstIndex(where: {
                    $0.number == acknowledgement.subscription
                })
            else { continue }
            session.events[index].acknowledged(acknowledgement.revision, now: now)
        }
    }

    /// The events that are due for a session: one frame of each reader in turn, so that none starves another.
    func gatherEvents(_ session: ClientSession, _ bytes: inout Int) -> [Ports.SharedFrame] {
        guard let principal = session.principal, !session.events.isEmpty else { return [] }
        let isMasked = Authorization.verdict(on: .events, for: principal) == .masked
        let now = now
        var frames: [Ports.SharedFrame] = []
        for _ in 0..<SessionLimits.eventFrames {
            let before = frames.count
            for index in session.events.indices where bytes < SessionLimits.writeBytes {
                guard let due = session.events[index].nextDue(of: to.events.log, now: now),
                    due <= now,
                    let frame = to.events.next(
                        for: &session.events[index], isMasked: isMasked, now: now)
                else { continue }
                frames.append(frame)
                bytes += frame.bytes.count
            }
            if frames.count == before { break }
        }
        return frames
    }

    /// When to look at readers again.
    func lookAhead(at readers: [EventReader], _ outlook: inout Outlook) {
        for reader in readers {
            if let due = reader.nextDue(of: to.events.log, now: now) {
                outlook.look(at: due)
            } else {
                outlook.topics.insert(.extra)
            }
        }
    }

    /// Ends the event subscriptions of somebody who may not have them any more, and lets the others show
    /// what their reader may know of now.
    func restrictEvents(_ session: ClientSession, _ principal: Principal) {
        guard Authorization.verdict(on: .events, for: principal).refusal != nil else {
            for index in session.events.indices {
                session.events[index].narrow(to: principal.scope)
            }
            return
        }
        for reader in session.events {
            send(
                ServerFrame.encode(
                    .reset(ResetNotice(reason: .forbidden, epoch: to.events.log.epoch)),
                    subscription: reader.number), to: session)
        }
        session.events = []
    }
}

extension EventReader {
    /// The client's number for it.
    var number: Int { request.subscription }

    /// Shows what a credential of this scope may know of.
    mutating func narrow(to scope: Scope) {
        let grant = Grant(scope)
        narrow(names: grant?.tasks, queues: grant?.queues)
    }
}
