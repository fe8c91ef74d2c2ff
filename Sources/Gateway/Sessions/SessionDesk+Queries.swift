internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

extension SessionDesk {
    /// Answers a `query` (R27): a bounded share of the loop's time, in turns so short that nobody waits
    /// for them. What there was no time for is behind the page's cursor.
    func query(
        _ request: QueryRequest, _ id: RequestID, _ session: ClientSession, _ principal: Principal
    ) {
        guard takesMore(session, id) else { return }
        let run: QueryRun
        do {
            run = try begin(request, session, principal)
        } catch {
            send(ServerFrame.error(id, error), to: session)
            return
        }
        session.inFlight.insert(id)
        session.isQuerying = true
        queriesRunning += 1
        Task { @LoopActor in
            await finish(run)
            queriesRunning -= 1
            session.isQuerying = false
            session.inFlight.remove(id)
            guard sessions[session.socket] === session, session.principal != nil else { return }
            send(ServerFrame.result(id, run.page), to: session)
        }
    }

    /// Answers what is read once and in parts.
    func read(
        _ request: DetailRequest, _ id: RequestID, _ session: ClientSession, _ principal: Principal
    ) {
        guard takesMore(session, id) else { return }
        session.inFlight.insert(id)
        Task { @LoopActor in
            let answer: [UInt8]
            do throws(CommandFault) {
                answer = ServerFrame.result(id, try await to.details.read(request, for: principal))
            } catch {
                answer = ServerFrame.error(id, FrameFault(error))
            }
            session.inFlight.remove(id)
            guard sessions[session.socket] === session, session.principal != nil else { return }
            send(answer, to: session)
        }
    }

    private func begin(
        _ request: QueryRequest, _ session: ClientSession, _ principal: Principal
    ) throws(FrameFault) -> QueryRun {
        guard !session.isQuerying, queriesRunning < SessionLimits.queries else {
            throw FrameFault(
                .limit,
                session.isQuerying
                    ? "one query at a time" : "\(SessionLimits.queries) queries are running",
                retryAfterMilliseconds: 200)
        }
        let view = try projection(request.topic, principal)
        do throws(SyncError) {
            return try to.rows.engine.query(request, projection: view)
        } catch {
            throw FrameFault(error)
        }
    }

    private func finish(_ run: QueryRun) async {
        var spent = 0.0
        while true {
            let started = ContinuousClock.now
            var slice = 0.0
            repeat {
                run.step(SessionLimits.queryRows)
                slice = (ContinuousClock.now - started) / .milliseconds(1)
            } while !run.isDone && slice < SessionLimits.querySlice
                && (spent + slice < SessionLimits.queryBudget || !run.mayEnd)
            spent += slice
            // A page that ends with rows of others would lead nowhere.
            guard !run.isDone, spent < SessionLimits.queryBudget || !run.mayEnd else { return }
            await LoopTimer.sleep(.milliseconds(1))
        }
    }

    /// Whether a session may have one more request in flight; says so if not (2.14).
    func takesMore(_ session: ClientSession, _ id: RequestID) -> Bool {
        guard session.inFlight.count >= SessionLimits.inFlight else { return true }
        let fault = FrameFault(
            .limit, "more than \(SessionLimits.inFlight) requests are in flight",
            retryAfterMilliseconds: 1_000)
        send(ServerFrame.error(id, fault), to: session)
        return false
    }
}
