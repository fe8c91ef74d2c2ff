internal import EventLoop
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

/// A shutdown under way (R57).
struct Drain {
    /// Milliseconds of the loop's clock when it began.
    let startedAt: Milliseconds
    /// Sessions that leave in each slice.
    let slice: Int
    /// Milliseconds over which the waits of each slice are spread.
    let spread: Int
    let done: @LoopActor () -> Void

    /// Milliseconds after which one of a slice comes back: each has its own part of the spread, at random
    /// within it, so that all slices together return as evenly as they left.
    func wait(_ place: Int, of count: Int) -> Int {
        let part = (Double(place) + Double.random(in: 0..<1)) / Double(max(1, count))
        return SessionLimits.drainWaitMilliseconds + Int(part * Double(spread))
    }
}

extension SessionDesk {
    /// Milliseconds between two slices of a drain.
    private static let sliceMilliseconds: Milliseconds = 100

    /// Once a second: time-outs, heartbeats, slow clients, rights.
    func sweep() {
        let now = now
        govern(watch.take())
        var due: [ClientSession] = []
        for session in Array(sessions.values) {
            switch session.phase {
            case .greeted where now - session.openedAt >= SessionLimits.startMilliseconds:
                end(session, .unauthenticated, "no session.start within 5 s")
            case .live:
                sweepLive(session, now: now)
                if now - session.checkedAt >= SessionLimits.rightsMilliseconds {
                    due.append(session)
                }
            case .greeted, .checking, .closing: break
            }
        }
        checkRights(of: due, now: now)
    }

    private func sweepLive(_ session: ClientSession, now: Milliseconds) {
        if session.sync.isSlow(now: now) {
            end(session, .slow, "no acknowledgement for 10 s", retryAfter: 2_000)
            return
        }
        if session.events.contains(where: { $0.isSlow(now: now) }) {
            end(session, .slow, "too slow for the events", retryAfter: 2_000)
            return
        }
        if now - session.heardAt >= SessionLimits.silenceMilliseconds {
            end(session, .slow, "nothing heard for 22 s")
            return
        }
        if now - session.toldAt >= SessionLimits.heartbeatMilliseconds
            || now - session.heardAt >= SessionLimits.heartbeatMilliseconds
        {
            sendHeartbeat(session)
        }
    }

    /// Gives up, or takes up again, what the loop's lateness asks for, and tells the clients: not all in
    /// one turn.
    func govern(_ lateness: Double) {
        if governor.sample(lateness) {
            let level = governor.level
            to.rows.engine.slowsDown = level >= .slow
            to.events.slowsDown = level >= .slow
            to.rows.engine.stopsFollowing = level >= .still
            tellsAll = true
            to.log.warning(
                "overload",
                metadata: [
                    "level": "\(level.rawValue)", "lateness": "\(Int(lateness)) ms",
                    "means": "\(level)",
                ])
        }
        tellHowItIs()
    }

    /// Tells those who do not know it yet how the gateway is, and how the way from the workers to it is:
    /// everybody within 3 s of a loss (F1), whatever they subscribe to.
    private func tellHowItIs() {
        let level = governor.level
        let ingest = to.freshness().ingest
        let untold = sessions.values.lazy.filter {
            $0.principal != nil && ($0.toldLevel != level.rawValue || $0.toldIngest != ingest)
        }
        let most =
            level == .none ? SessionLimits.toldPerSecond : SessionLimits.toldPerSecondInOverload
        for session in Array(untold.prefix(most)) { sendHeartbeat(session) }
    }

    func sendHeartbeat(_ session: ClientSession) {
        let (asOf, ingest) = to.freshness()
        session.toldLevel = governor.level.rawValue
        session.toldIngest = ingest
        send(
            ServerFrame.heartbeat(
                revision: to.rows.engine.bookmark(for: session.sync), now: to.clock.now(),
                asOf: asOf,
                ingest: ingest, shed: governor.level.rawValue), to: session)
    }

    /// What tells whether somebody still may what they may.
    private enum Credential: Hashable {
        case cookie(String)
        case principal(String)
    }

    /// Takes rights away from live sessions within 5 s (R6).
    ///
    /// All of them in one task, and each credential once: thousands of clients are due in the same second,
    /// and a task for each of them would take megabytes, and keep everybody else waiting. One that lasts
    /// puts the next one off; whoever was due stays so.
    private func checkRights(of due: [ClientSession], now: Milliseconds) {
        guard !due.isEmpty, !isCheckingRights else { return }
        isCheckingRights = true
        var groups: [Credential: [ClientSession]] = [:]
        for session in due {
            guard let principal = session.principal else { continue }
            session.checkedAt = now
            let cookie = session.usesCookie ? session.cookie : nil
            let credential = cookie.map { Credential.cookie($0) } ?? .principal(principal.id)
            groups[credential, default: []].append(session)
        }
        Task { @LoopActor in
            let time = to.clock.now()
            for (credential, sessions) in groups {
                let principal =
                    switch credential {
                    case .cookie(let secret): await to.access.principal(session: secret, now: time)
                    case .principal(let id): await to.access.principal(id: id, now: time)
                    }
                for session in sessions { apply(principal, to: session) }
            }
            isCheckingRights = false
        }
    }

    /// Lets a live session have the rights that its credential has now.
    private func apply(_ principal: Principal?, to session: ClientSession) {
        guard let before = session.principal, sessions[session.socket] === session else { return }
        guard let principal else {
            end(session, .unauthenticated, "the credential is no longer valid")
            return
        }
        guard principal != before else { return }
        session.phase = .live(principal)
        guard principal.role != before.role || principal.scope != before.scope else { return }
        for schema in Topics.all {
            to.rows.engine.restrict(
                to.rows.engine.topic(named: schema.name),
                to: Authorization.projection(of: schema, for: principal), for: &session.sync)
        }
        restrictEvents(session, principal)
        serve(session)
    }

    // MARK: - Shutdown

    /// Lets all sessions go, spread over time, then calls `done` (R57).
    func startDrain(_ done: @escaping @LoopActor () -> Void) {
        guard drain == nil else { return }
        let perSlice = SessionLimits.drainPerSecond * Int(Self.sliceMilliseconds) / 1_000
        // The same from the first to the last: waits that grow shorter would bring clients back together.
        drain = Drain(
            startedAt: now, slice: max(1, perSlice),
            spread: min(SessionLimits.drainSpreadMilliseconds, sessions.count), done: done)
        drainSlice()
    }

    private func drainSlice() {
        guard let drain else { return }
        guard !sessions.isEmpty, now - drain.startedAt < SessionLimits.drainMilliseconds else {
            drain.done()
            return
        }
        let leaving = Array(
            sessions.values.lazy.filter { $0.phase != .closing }.prefix(drain.slice))
        for (place, session) in leaving.enumerated() {
            end(
                session, .goingAway, "the gateway is shutting down",
                retryAfter: drain.wait(place, of: leaving.count))
        }
        drainTimer = LoopTimer(after: .milliseconds(Self.sliceMilliseconds)) { [weak self] in
            self?.drainSlice()
        }
    }
}
