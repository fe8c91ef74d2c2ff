internal import EventLoop
internal import LiveSync
internal import Ports

extension MetricsDesk {
    func writeSync(to out: inout MetricsText) {
        let engine = to.rows.engine
        let counters = engine.counters
        out.begin("celeriac_sync_rows", .gauge, "Rows of each topic.")
        for schema in Topics.all {
            out.add(engine.count(of: engine.topic(named: schema.name)), ["topic": schema.name])
        }
        out.single(
            "celeriac_sync_commits_total", .counter, "Revisions that changed something.",
            counters.commits)
        out.single(
            "celeriac_sync_fields_changed_total", .counter, "Fields that changed.",
            counters.fieldsChanged)
        out.single(
            "celeriac_sync_rows_refused_total", .counter,
            "Rows for which their topic had no room.", counters.rowsRefused)
        out.single(
            "celeriac_sync_frames_computed_total", .counter,
            "Deltas and parts of snapshots that had to be computed.", counters.computed)
        out.single(
            "celeriac_sync_frames_shared_total", .counter,
            "Those that had been computed for somebody else: with the computed ones, the hit ratio.",
            counters.shared)
        out.single(
            "celeriac_sync_frames_encoded_total", .counter, "Frames of rows written as JSON.",
            to.sessions.framesEncoded)
        out.single(
            "celeriac_sync_delta_starts", .gauge,
            "Different revisions that the newest deltas start from, of all queries together.",
            engine.deltaStarts)
        out.begin(
            "celeriac_sync_resets_total", .counter, "Subscriptions that start over, by reason.")
        for reason in ResetReason.allCases {
            out.add(counters.resets[reason] ?? 0, ["reason": reason.rawValue])
        }
    }

    func writeSessions(to out: inout MetricsText) {
        let desk = to.sessions
        var roles: [Role: Int] = [:]
        var unacked = 0
        for session in desk.sessions.values {
            guard let principal = session.principal else { continue }
            roles[principal.role, default: 0] += 1
            unacked += session.sync.unackedBytes
        }
        out.begin("celeriac_sessions", .gauge, "Sessions that have signed in, by role.")
        for role in Role.allCases { out.add(roles[role] ?? 0, ["role": role.rawValue]) }
        out.single(
            "celeriac_sessions_unauthenticated", .gauge, "WebSockets that have not signed in yet.",
            desk.sessions.values.count { $0.principal == nil })
        out.single(
            "celeriac_subscriptions", .gauge, "Subscriptions and windows.", desk.subscriptionCount)
        out.single(
            "celeriac_unacked_bytes", .gauge, "Bytes sent to clients and not acknowledged.", unacked
        )
        writeHandshakes(to: &out)
        writeFrames(to: &out)
        writeLag(to: &out)
    }

    private func writeHandshakes(to out: inout MetricsText) {
        let meters = to.sessions.meters
        out.begin(
            "celeriac_handshakes_total", .counter,
            "WebSocket handshakes: accepted, or why they were refused.")
        for result in SessionMeters.Handshake.allCases {
            out.add(meters.handshakes[result] ?? 0, ["result": result.rawValue])
        }
        out.begin(
            "celeriac_handshakes_rejected_total", .counter,
            "Handshakes refused for their form or for a bound of connections, by HTTP status.")
        let rejected = to.sessions.output?.handshakesRejected ?? [:]
        for (status, count) in rejected.sorted(by: { $0.key < $1.key }) {
            out.add(count, ["status": "\(status)"])
        }
        out.begin("celeriac_closes_total", .counter, "WebSockets that ended, by close code.")
        for (code, count) in meters.closes.sorted(by: { $0.key < $1.key }) {
            out.add(count, ["code": code == SessionMeters.otherCode ? "other" : "\(code)"])
        }
    }

    private func writeFrames(to out: inout MetricsText) {
        let meters = to.sessions.meters
        let kinds =
            zip(FrameKind.allCases.map(\.rawValue), meters.rows).map { ($0, $1) }
            + zip(SessionMeters.Beside.allCases.map(\.rawValue), meters.beside).map { ($0, $1) }
        out.begin("celeriac_frames_sent_total", .counter, "Frames sent, by kind.")
        for (kind, sent) in kinds { out.add(sent.frames, ["kind": kind]) }
        out.begin(
            "celeriac_frame_bytes_sent_total", .counter,
            "Bytes of these frames before compression.")
        for (kind, sent) in kinds { out.add(sent.bytes, ["kind": kind]) }
        out.single(
            "celeriac_socket_writes_total", .counter, "Writes that took these frames.",
            to.sessions.writes)
        out.single(
            "celeriac_delta_revisions_total", .counter,
            "Revisions that deltas led through: by their number, how much each one conflates.",
            meters.deltaRevisions)
    }

    private func writeLag(to out: inout MetricsText) {
        let lag = to.sessions.meters.lag
        out.begin(
            "celeriac_delta_lag_seconds", .histogram,
            "Age of the oldest news in each delta, the client's own pace included, by role.")
        for role in Role.allCases {
            guard let (seconds, _) = lag[role] else { continue }
            out.add(
                bounds: seconds.bounds, counts: seconds.counts, sum: seconds.sum,
                ["role": role.rawValue])
        }
        out.begin(
            "celeriac_delta_lag_revisions", .histogram, "Revisions in each delta, by role.")
        for role in Role.allCases {
            guard let (_, revisions) = lag[role] else { continue }
            out.add(
                bounds: revisions.bounds, counts: revisions.counts, sum: revisions.sum,
                ["role": role.rawValue])
        }
    }
}
