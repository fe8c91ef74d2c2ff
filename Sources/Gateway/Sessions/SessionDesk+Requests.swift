internal import EventLoop
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

extension SessionDesk {
    /// A text message came.
    func received(_ socket: SocketID, text: [UInt8]) {
        guard let session = sessions[socket], session.phase != .closing else { return }
        session.heardAt = now
        guard session.phase != .checking else {
            hold(text, session)
            return
        }
        let most =
            switch session.phase {
            case .greeted, .checking: SessionLimits.firstFrame
            case .live(let principal):
                principal.role == .viewer || principal.role == .wall
                    ? SessionLimits.viewerFrame : SessionLimits.frame
            case .closing: 0
            }
        guard text.count <= most else {
            if session.principal == nil {
                end(session, .malformed, "the first frame is larger than \(most) bytes")
            } else {
                end(session, .tooBig, "frames of this role hold at most \(most) bytes")
            }
            return
        }
        do throws(FrameRefusal) {
            take(try ClientFrame(decoding: text), session)
        } catch {
            refuse(error, session)
        }
    }

    /// Keeps what comes while somebody looks up who it is: a client need not wait for the answer to
    /// `session.start`, and what becomes of its next frame must not depend on who is faster.
    private func hold(_ text: [UInt8], _ session: ClientSession) {
        let held = session.held.reduce(text.count) { $0 + $1.count }
        guard session.held.count < SessionLimits.heldFrames, held <= SessionLimits.heldBytes else {
            end(session, .malformed, "too much before session.start was answered")
            return
        }
        session.held.append(text)
    }

    /// Takes what was kept, in its order.
    private func release(_ session: ClientSession) {
        let held = session.held
        session.held = []
        for text in held { received(session.socket, text: text) }
    }

    private func refuse(_ refusal: FrameRefusal, _ session: ClientSession) {
        noteRefusal(of: refusal.command, refusal.fault.message, session)
        guard session.principal != nil, !refusal.isMalformed else {
            send(ServerFrame.error(refusal.id, refusal.fault), to: session)
            let isUnknown = refusal.fault.code == .unauthenticated
            end(session, isUnknown ? .unauthenticated : .malformed, refusal.fault.message)
            return
        }
        guard allows(session) else { return }
        send(ServerFrame.error(refusal.id, refusal.fault), to: session)
    }

    private func take(_ frame: ClientFrame, _ session: ClientSession) {
        switch frame {
        case .acknowledge(let acknowledgements):
            guard session.principal != nil else {
                end(session, .malformed, "session.start must come first")
                return
            }
            let seconds = Double(now) / 1000
            guard session.acknowledgements.take(now: seconds) == 0 || allows(session) else {
                return
            }
            to.rows.engine.acknowledge(acknowledgements, for: &session.sync, now: now)
            acknowledgeEvents(acknowledgements, session)
            serve(session)
        case .request(let id, let call):
            take(call, id, session)
        }
    }

    private func take(_ call: ClientFrame.Call, _ id: RequestID, _ session: ClientSession) {
        if case .start(let start) = call {
            begin(start, id, session)
            return
        }
        guard let principal = session.principal else {
            let fault = FrameFault(.unauthenticated, "session.start must come first")
            send(ServerFrame.error(id, fault), to: session)
            end(session, .malformed, fault.message)
            return
        }
        guard allows(session, id, call.command) else { return }
        guard !session.inFlight.contains(id) else {
            let fault = FrameFault(.conflict, "a request with this id is still in flight")
            noteRefusal(of: call.command, fault.message, session)
            send(ServerFrame.error(id, fault), to: session)
            return
        }
        do throws(FrameFault) {
            try authorize(call, principal)
        } catch {
            send(ServerFrame.error(id, error), to: session)
            return
        }
        if case .submit(let submission) = call {
            submit(submission, id, session, principal)
            return
        }
        if case .plan(let request) = call {
            plan(request, id, session, principal)
            return
        }
        if case .read(let request) = call {
            read(request, id, session, principal)
            return
        }
        if case .query(let request) = call {
            query(request, id, session, principal)
            return
        }
        if case .refresh(let proof) = call {
            refresh(proof, id, session, principal)
            return
        }
        do throws(FrameFault) {
            let result = try perform(call, session, principal)
            send(ServerFrame.result(id, result), to: session)
            serve(session)
        } catch {
            send(ServerFrame.error(id, error), to: session)
        }
    }

    /// Counts a message against the session's rate (2.14, R55); closes after three warnings.
    ///
    /// - Parameter command: name of the command that it asks for, if it does.
    private func allows(
        _ session: ClientSession, _ id: RequestID? = nil, _ command: String? = nil
    ) -> Bool {
        let wait = session.requests.take(now: Double(now) / 1000)
        guard wait > 0 else { return true }
        let reason = "more than \(Int(SessionLimits.rate)) messages a second"
        noteRefusal(of: command, reason, session)
        guard session.warnings.warn(now: now) else {
            end(session, .rateLimited, "too many messages", retryAfter: 30_000)
            return false
        }
        send(
            ServerFrame.error(
                id,
                FrameFault(
                    .limit, reason,
                    retryAfterMilliseconds: Int((wait * 1000).rounded(.up)))), to: session)
        return false
    }

    // MARK: - Start

    private func begin(_ start: SessionStart, _ id: RequestID, _ session: ClientSession) {
        guard session.phase == .greeted else {
            end(session, .rateLimited, "session.start comes once")
            return
        }
        guard start.major == ClientProtocol.major else {
            let fault = FrameFault(
                .unsupported, "this gateway speaks version \(ClientProtocol.major); please reload")
            send(ServerFrame.error(id, fault), to: session)
            end(session, .version, fault.message)
            return
        }
        session.phase = .checking
        Task { @LoopActor in
            let found = await identify(start.proof, session, .start)
            guard sessions[session.socket] === session, session.phase == .checking else { return }
            guard case .known(let principal, let cookie) = found else {
                refuse(id, found, session)
                return
            }
            bind(session, to: cookie)
            takeOver(session, ClientInstance(principal, name: start.instance))
            guard count(session, for: principal) else {
                refuseMore(id, principal, session)
                return
            }
            session.phase = .live(principal)
            output?.recognize(session.socket)
            session.checkedAt = now
            to.log.debug(
                "session started",
                metadata: [
                    "session": "\(session.name)", "who": "\(principal.name)",
                    "client": "\(start.client)", "peer": "\(session.peer)",
                ])
            send(ServerFrame.result(id, welcome(session, principal, start)), to: session)
            sendHeartbeat(session)
            // The next one at a random part of the time, so that those who came together part (R49).
            session.toldAt -= .random(in: 0..<SessionLimits.heartbeatMilliseconds)
            release(session)
        }
    }

    private func refuse(_ id: RequestID, _ found: Identification, _ session: ClientSession) {
        let fault: FrameFault
        let code: CloseCode
        var retryAfter: Int?
        switch found {
        case .forged:
            // X1: another site's page has the browser's cookie, but not what only our pages know.
            fault = FrameFault(.forbidden, "the CSRF token is not the session's")
            code = .forbidden
        case .tooMany(let wait):
            retryAfter = Int((wait * 1000).rounded(.up))
            fault = FrameFault(
                .limit, TokenDesk.advice(wait), retryAfterMilliseconds: retryAfter)
            code = .rateLimited
        case .known, .unknown:
            fault = FrameFault(.unauthenticated, "no valid credential")
            code = .unauthenticated
        }
        send(ServerFrame.error(id, fault), to: session)
        end(session, code, fault.message, retryAfter: retryAfter)
    }

    /// The principal has as many sessions as it may (2.14).
    private func refuseMore(_ id: RequestID, _ principal: Principal, _ session: ClientSession) {
        let fault = FrameFault(
            .limit,
            "\(principal.name) has \(to.connectionsPerPrincipal) connections already; close one, or give each client a token of its own",
            retryAfterMilliseconds: SessionLimits.fullMilliseconds)
        send(ServerFrame.error(id, fault), to: session)
        end(
            session, .overCapacity, "too many connections of this credential",
            retryAfter: SessionLimits.fullMilliseconds)
    }

    /// A display or bot has one session: an older one of it, perhaps half-open, makes room.
    private func takeOver(_ session: ClientSession, _ instance: ClientInstance?) {
        guard let instance else { return }
        session.instance = instance
        let older = instances.updateValue(session.socket, forKey: instance)
        if let older = older.flatMap({ sessions[$0] }), older !== session {
            release(connectionOf: older)
            end(older, .replaced, "a newer session of this display or bot took over")
        }
    }

    /// `session.refresh` (R6): the same principal shows a credential anew.
    private func refresh(
        _ proof: SessionStart.Proof, _ id: RequestID, _ session: ClientSession,
        _ before: Principal
    ) {
        session.inFlight.insert(id)
        Task { @LoopActor in
            let found = await identify(proof, session, .refresh)
            session.inFlight.remove(id)
            guard sessions[session.socket] === session, session.principal != nil else { return }
            if case .tooMany(let wait) = found {
                let fault = FrameFault(
                    .limit, TokenDesk.advice(wait),
                    retryAfterMilliseconds: Int((wait * 1000).rounded(.up)))
                send(ServerFrame.error(id, fault), to: session)
                return
            }
            guard case .known(let principal, let cookie) = found, principal.id == before.id else {
                let fault = FrameFault(
                    .unauthenticated, "no valid credential of this session's owner")
                send(ServerFrame.error(id, fault), to: session)
                return
            }
            bind(session, to: cookie)
            var members: [JsonMember] = []
            if let expires = principal.expiresAt {
                let left = max(0, (expires - to.clock.now()) * 1000)
                members.append(JsonMember("tokenTtlMs", .integer(Int64(min(left, 1e15)))))
            }
            send(ServerFrame.result(id, .object(members)), to: session)
        }
    }

    /// A session that is known by a cookie ends with it.
    private func bind(_ session: ClientSession, to cookie: String?) {
        guard let cookie else { return }
        (session.cookie, session.usesCookie) = (cookie, true)
    }

    /// Who is behind a credential.
    private enum Identification {
        /// Somebody, and the secret of the session cookie that told so.
        case known(Principal, cookie: String?)
        /// There is no credential, or it is not valid.
        case unknown
        /// There is a cookie, but without the CSRF token that goes with it.
        case forged
        /// Too many wrong tokens: so many seconds to wait.
        case tooMany(wait: Double)

        init(_ principal: Principal?, cookie: String? = nil) {
            self = principal.map { .known($0, cookie: cookie) } ?? .unknown
        }

        init(_ answer: TokenDesk.Answer) {
            switch answer {
            case .right(let principal): self = .known(principal, cookie: nil)
            case .wrong: self = .unknown
            case .tooMany(let wait): self = .tooMany(wait: wait)
            }
        }
    }

    /// Finds out whose a credential is. What comes of that is the caller's: nothing of the session changes.
    private func identify(
        _ proof: SessionStart.Proof, _ session: ClientSession, _ place: TokenDesk.Place
    ) async -> Identification {
        switch proof {
        case .cookie(let csrf):
            guard let cookie = session.cookie else { return .unknown }
            guard to.access.accepts(csrfToken: csrf, session: cookie) else { return .forged }
            return Identification(
                await to.access.principal(session: cookie, now: to.clock.now()), cookie: cookie)
        case .bearer(let token):
            return Identification(await to.tokens.look(at: token, from: session.peer, place))
        case .ticket(let text):
            let now = to.clock.now()
            guard let ticket = to.tickets.redeem(text, origin: session.origin, now: now) else {
                return .unknown
            }
            guard let cookie = ticket.cookie else {
                return Identification(
                    await to.access.principal(id: ticket.principal, now: now))
            }
            return Identification(
                await to.access.principal(session: cookie, now: now), cookie: cookie)
        case .handshake:
            guard let token = session.bearer else {
                guard let key = session.certificateKey else { return .unknown }
                return Identification(
                    await to.access.principal(certificateKey: key, now: to.clock.now()))
            }
            return Identification(await to.tokens.look(at: token, from: session.peer, .handshake))
        }
    }

    private func welcome(
        _ session: ClientSession, _ principal: Principal, _ start: SessionStart
    ) -> JsonValue {
        var members: [JsonMember] = [
            JsonMember("session", .string(session.name)),
            JsonMember("who", described(principal)),
            JsonMember("epoch", .string(to.rows.engine.epoch)),
            JsonMember("rev", .integer(Int64(to.rows.engine.revision))),
            JsonMember("tick", .integer(Int64(1_000 / to.rows.engine.limits.defaultFrequency))),
            JsonMember(
                "hb",
                [
                    "idleMs": .integer(SessionLimits.heartbeatMilliseconds),
                    "ackTimeoutMs": .integer(to.rows.engine.limits.ackTimeoutMilliseconds),
                ]),
            JsonMember("now", .integer(Int64(to.clock.now() * 1000))),
        ]
        members += resuming(start)
        if let expires = principal.expiresAt {
            let left = max(0, (expires - to.clock.now()) * 1000)
            members.append(JsonMember("tokenTtlMs", .integer(Int64(min(left, 1e15)))))
        }
        return .object(members)
    }

    // MARK: - Requests

    private func perform(
        _ call: ClientFrame.Call, _ session: ClientSession, _ principal: Principal
    ) throws(FrameFault) -> JsonValue {
        switch call {
        case .openEvents(let request): return try openEvents(request, session, principal)
        case .closeEvents(let subscription): return try closeEvents(subscription, session)
        case .open(let request): try refuseOpen(request.subscription, session)
        case .openView(let request): try refuseOpen(request.subscription, session)
        default: break
        }
        let view: Projection =
            switch call {
            case .open(let request): try projection(request.topic, principal)
            case .openView(let request): try projection(request.topic, principal)
            default: .everything
            }
        do throws(SyncError) {
            switch call {
            case .open(var request):
                request.frequency = paced(request.frequency, principal)
                let start = try to.rows.engine.open(
                    request, for: &session.sync, projection: view, now: now)
                let sub = JsonMember("sub", .integer(Int64(request.subscription)))
                switch start {
                case .delta: return .object([sub, JsonMember("mode", "delta")])
                case .snapshot(let reason):
                    return .object([
                        sub, JsonMember("mode", "snapshot"),
                        JsonMember("reason", .string(reason.rawValue)),
                    ])
                }
            case .openView(var request):
                request.frequency = paced(request.frequency, principal)
                try to.rows.engine.openView(
                    request, for: &session.sync, projection: view, now: now)
                return ["sub": .integer(Int64(request.subscription)), "mode": "snapshot"]
            case .move(let subscription, let after):
                try to.rows.engine.move(subscription, after: after, for: &session.sync, now: now)
                return ["sub": .integer(Int64(subscription))]
            case .close(let subscription):
                try to.rows.engine.close(subscription, for: &session.sync)
                return ["sub": .integer(Int64(subscription))]
            case .resync(let subscription):
                try to.rows.engine.resync(subscription, for: &session.sync)
                return ["sub": .integer(Int64(subscription))]
            case .start, .refresh, .query, .submit, .plan, .read, .openEvents, .closeEvents:
                return .null
            }
        } catch {
            throw FrameFault(error)
        }
    }

    /// Frames a second for a subscription: a wall is told once a second at most, so that all of them share
    /// each encoding (R28).
    private func paced(_ asked: Double?, _ principal: Principal) -> Double? {
        principal.role == .wall
            ? min(asked ?? SessionLimits.wallRate, SessionLimits.wallRate) : asked
    }

    /// The numbers of rows and of events are one set.
    private func refuseOpen(_ number: Int, _ session: ClientSession) throws(FrameFault) {
        guard !session.events.contains(where: { $0.number == number }) else {
            throw FrameFault(.conflict, "subscription \(number) is open already")
        }
    }

    /// `cmd.plan` (R41).
    private func plan(
        _ request: PlanRequest, _ id: RequestID, _ session: ClientSession, _ principal: Principal
    ) {
        guard takesMore(session, id) else { return }
        session.inFlight.insert(id)
        Task { @LoopActor in
            // What was learned a moment ago is meant, too.
            to.publish()
            let answer: [UInt8]
            do throws(CommandFault) {
                let plan: TaskPlan
                var first = 0
                switch request {
                case .make(let command, let filter):
                    plan = try await to.commands.makePlan(
                        command, filter, principal, remote: session.peer)
                case .read(let token, let offset):
                    first = offset
                    plan = try to.commands.plan(token, principal, now: to.clock.now())
                }
                answer = ServerFrame.result(id, plan.json(offset: first, now: to.clock.now()))
            } catch {
                answer = ServerFrame.error(id, FrameFault(error))
            }
            session.inFlight.remove(id)
            guard sessions[session.socket] === session, session.phase != .closing else { return }
            send(answer, to: session)
        }
    }

    private func submit(
        _ submission: CommandSubmission, _ id: RequestID, _ session: ClientSession,
        _ principal: Principal
    ) {
        guard takesMore(session, id) else {
            noteRefusal(of: submission.command, "too many requests are in flight", session)
            return
        }
        session.inFlight.insert(id)
        let request = CommandDesk.Request(
            command: submission.command, args: submission.args, expect: submission.expect,
            key: submission.key, deadline: submission.deadline, principal: principal,
            remote: session.peer)
        Task { @LoopActor in
            let answer: [UInt8]
            do throws(CommandFault) {
                let receipt = try await to.commands.submit(request)
                answer = ServerFrame.result(
                    id,
                    .object(
                        [JsonMember("command", .integer(Int64(receipt.handle)))]
                            + receipt.members))
            } catch {
                answer = ServerFrame.error(id, FrameFault(error))
            }
            session.inFlight.remove(id)
            guard sessions[session.socket] === session, session.phase != .closing else { return }
            // The row comes before the receipt that names it.
            to.publish()
            serve(session)
            send(answer, to: session)
        }
    }
}

extension FrameFault {
    /// The engine's refusal with its code on the wire (R11).
    init(_ error: SyncError) {
        switch error.code {
        case .unknownTopic: self.init(.unknownTopic, error.message)
        case .badFilter: self.init(.badFilter, error.message)
        case .conflict, .notOpen: self.init(.conflict, error.message)
        case .full: self.init(.limit, error.message)
        case .limit: self.init(.limit, error.message, retryAfterMilliseconds: 1_000)
        }
    }

    /// A command's refusal.
    init(_ fault: CommandFault) {
        self.init(
            Code(rawValue: fault.code.rawValue) ?? .invalidParams, fault.message,
            retryAfterMilliseconds: fault.retryAfterMilliseconds)
    }
}
