extension SyncEngine {
    /// The next frame for a client, if something is due and its credit allows; it counts as sent.
    ///
    /// Ask after each commit, after each acknowledgement, and whenever the socket has become writable.
    /// The most overdue subscription comes first (R44); a first change after quiet goes out at once (R47).
    package func next(for session: inout SyncSession, now: Milliseconds) -> Outgoing? {
        precondition(!hasPendingChanges, "frames were asked for inside a batch")
        while let index = mostOverdue(&session, now: now) {
            let number = session.subscriptions[index].number
            let frame = produce(&session.subscriptions[index], now: now)
            if case .reset(.forbidden) = session.subscriptions[index].phase {
                session.subscriptions.remove(at: index)
            }
            if let frame {
                counters.frames += 1
                return Outgoing(subscription: number, frame: frame)
            }
        }
        return nil
    }

    /// When something may be due for a client, `nil` if only a change or an acknowledgement can make it
    /// so. Not after `now`: ask ``next(for:now:)``. It is cheap, for most clients at most ticks wait.
    package func nextDue(for session: SyncSession, now: Milliseconds) -> Milliseconds? {
        var soonest: Milliseconds?
        for index in session.subscriptions.indices {
            guard session.subscriptions[index].generation == generation else { return now }
            guard let due = dueTime(session.subscriptions[index]) else { continue }
            soonest = min(soonest ?? due, due)
        }
        return soonest.map { max($0, now) }
    }

    /// Revision up to which a client has been told everything it may see, in all its subscriptions that
    /// are past their snapshot: the `rev` of its heartbeat, which it may resume from (protocol D12).
    package func bookmark(for session: SyncSession) -> Int {
        var bookmark = revision
        for subscription in session.subscriptions where subscription.generation == generation {
            switch subscription.phase {
            case .live where subscription.topic.changedAt <= subscription.checked: continue
            case .live: bookmark = min(bookmark, subscription.checked)
            case .answer, .parts: bookmark = min(bookmark, subscription.sent)
            case .reset, .snapshot, .windowSnapshot: continue
            }
        }
        return bookmark
    }

    /// The client says what it has applied (R45). Unknown subscriptions and revisions that were not sent
    /// are ignored: they may have crossed with a close.
    package func acknowledge(
        _ acknowledgements: [Acknowledgement], for session: inout SyncSession, now: Milliseconds
    ) {
        for acknowledgement in acknowledgements {
            guard let index = session.index(of: acknowledgement.subscription) else { continue }
            session.subscriptions[index].credit.acknowledged(
                revision: acknowledgement.revision, part: acknowledgement.part,
                isSeriesOpen: session.subscriptions[index].isInSeries, now: now)
        }
    }

    // Choosing

    private func mostOverdue(_ session: inout SyncSession, now: Milliseconds) -> Int? {
        var best: Int?
        var bestDue = Milliseconds.max
        for index in session.subscriptions.indices {
            if session.subscriptions[index].generation != generation {
                session.subscriptions[index].generation = generation
                if case .reset(.forbidden) = session.subscriptions[index].phase {
                } else {
                    session.subscriptions[index].phase = .reset(.epochChanged)
                }
            }
            guard let due = dueTime(session.subscriptions[index]), due <= now, due < bestDue else {
                continue
            }
            best = index
            bestDue = due
        }
        return best
    }

    /// When a subscription's next frame is due; `nil` if there is nothing to say, or no credit.
    func dueTime(_ subscription: Subscription) -> Milliseconds? {
        if subscription.isUrgent {
            if case .reset = subscription.phase { return subscription.lastSentAt }
            let isAllowed = subscription.credit.allows(part: subscription.isInSeries)
            return isAllowed ? subscription.lastSentAt : nil
        }
        guard subscription.topic.changedAt > subscription.checked,
            subscription.credit.allows(part: false)
        else { return nil }
        guard !standsStill(subscription) else { return nil }
        return subscription.lastSentAt + interval(of: subscription)
    }

    /// Whether it is a window that follows while none does (R48).
    func standsStill(_ subscription: Subscription) -> Bool {
        guard stopsFollowing, case .window(let window) = subscription.source else { return false }
        return window.key.mode == .follow
    }

    func interval(of subscription: Subscription) -> Milliseconds {
        slowsDown ? max(subscription.interval, 1_000) : subscription.interval
    }

    // Producing

    private func produce(_ subscription: inout Subscription, now: Milliseconds) -> SharedFrame? {
        switch subscription.phase {
        case .reset(let reason): reset(&subscription, reason, now: now)
        case .snapshot(let run, let part, let cursor):
            snapshot(&subscription, run, part: part, cursor: cursor, now: now)
        case .windowSnapshot(let run, let part):
            windowSnapshot(&subscription, run, part: part, now: now)
        case .parts(let run, let part): send(&subscription, run, part: part, now: now)
        case .answer, .live: delta(&subscription, now: now)
        }
    }

    private func reset(
        _ subscription: inout Subscription, _ reason: ResetReason, now: Milliseconds
    ) -> SharedFrame {
        counters.resets[reason, default: 0] += 1
        subscription.credit.forget()
        if reason != .forbidden {
            switch subscription.source {
            case .topic(let query): subscription.phase = beginSnapshot(query, now: now)
            case .window(let window):
                window.refresh(revision: revision)
                subscription.phase = .windowSnapshot(run: window.snapshot(), part: 0)
            }
        }
        let seen = subscription.projection.epoch(of: epoch)
        return SharedFrame(.reset(ResetNotice(reason: reason, epoch: seen)))
    }

    private func snapshot(
        _ subscription: inout Subscription, _ run: SnapshotRun, part: Int, cursor: Int,
        now: Milliseconds
    ) -> SharedFrame? {
        guard case .topic(let query) = subscription.source else { return nil }
        let (frame, nextCursor, wasThere) = query.snapshotPart(
            part, of: run, cursor: cursor, now: now)
        count(shared: wasThere)
        guard case .snapshot(let content) = frame.content else { return nil }
        (subscription.sent, subscription.checked) = (run.at, run.at)
        subscription.phase =
            content.more
            ? .snapshot(run: run, part: part + 1, cursor: nextCursor)
            : .answer(afterSnapshot: true)
        note(
            &subscription, revision: run.at, part: part, bytes: content.rows.estimatedBytes,
            isPart: true, now: now)
        return frame
    }

    private func windowSnapshot(
        _ subscription: inout Subscription, _ run: WindowRun, part: Int, now: Milliseconds
    ) -> SharedFrame? {
        let frame = run.parts[part]
        guard case .viewSnapshot(let content) = frame.content else { return nil }
        count(shared: true)
        (subscription.sent, subscription.checked) = (run.at, run.at)
        subscription.phase =
            content.more ? .windowSnapshot(run: run, part: part + 1) : .live
        note(
            &subscription, revision: run.at, part: part, bytes: content.rows.estimatedBytes,
            isPart: true, now: now)
        return frame
    }

    private func delta(_ subscription: inout Subscription, now: Milliseconds) -> SharedFrame? {
        switch subscription.source {
        case .window(let window): windowDelta(&subscription, window, now: now)
        case .topic(let query): topicDelta(&subscription, query, now: now)
        }
    }

    private func windowDelta(
        _ subscription: inout Subscription, _ window: Window, now: Milliseconds
    ) -> SharedFrame? {
        let checked = subscription.checked
        window.refresh(revision: revision)
        guard window.changedAt > checked else {
            // Most windows at most ticks: nothing that they show has changed.
            subscription.checked = revision
            return nil
        }
        let from = window.start(asked: checked, bucket: ticks.bucket(for: checked, floor: 0))
        let label = label(from: from, sent: subscription.sent)
        var (run, wasThere) = window.delta(from: from, label: label)
        if run.parts.count > 1, label < subscription.sent {
            (run, wasThere) = window.delta(from: checked, label: subscription.sent)
        }
        count(shared: wasThere)
        guard !run.parts.isEmpty else {
            subscription.checked = run.to
            return nil
        }
        return send(&subscription, run, part: 0, now: now)
    }

    private func topicDelta(
        _ subscription: inout Subscription, _ query: TopicQuery, now: Milliseconds
    ) -> SharedFrame? {
        let (sent, checked) = (subscription.sent, subscription.checked)
        var isAnswer = false
        var mayReset = true
        if case .answer(let afterSnapshot) = subscription.phase {
            isAnswer = true
            mayReset = !afterSnapshot
        }
        let floor = query.topic.floor
        guard checked >= floor else {
            subscription.phase = .reset(.tooOld)
            return nil
        }
        let from = query.start(
            asked: checked, bucket: ticks.bucket(for: checked, floor: floor), to: revision)
        let label = label(from: from, sent: sent)
        var (run, wasThere) = query.delta(from: from, label: label, to: revision)
        count(shared: wasThere)
        // The first parts of a long delta say "to the client's own revision": they must not say less.
        if run.parts.count > 1, label < sent {
            (run, wasThere) = query.delta(from: checked, label: sent, to: revision)
            count(shared: wasThere)
        }
        if mayReset, isTooLarge(run, query.topic) {
            subscription.phase = .reset(.tooLarge)
            return nil
        }
        if run.parts.isEmpty {
            guard isAnswer else {
                subscription.checked = revision
                return nil
            }
            run = query.emptyDelta(from: sent, to: revision)
        }
        return send(&subscription, run, part: 0, now: now)
    }

    /// The start that frames name: the content's own, unless the client was not told of that revision.
    private func label(from: Int, sent: Int) -> Int {
        from <= sent ? from : ticks.bucket(for: sent, floor: 0)
    }

    private func isTooLarge(_ run: DeltaRun, _ topic: Topic) -> Bool {
        run.estimatedBytes > limits.resetFloorBytes
            && run.estimatedBytes > topic.estimatedBytes / 2
    }

    private func send(
        _ subscription: inout Subscription, _ run: DeltaRun, part: Int, now: Milliseconds
    ) -> SharedFrame {
        let isLast = part == run.parts.count - 1
        subscription.phase = isLast ? .live : .parts(run: run, part: part + 1)
        let arrives = isLast ? run.to : run.label
        if isLast { (subscription.sent, subscription.checked) = (run.to, run.to) }
        note(
            &subscription, revision: arrives, part: part,
            bytes: min(run.estimatedBytes, limits.frameBytes), isPart: run.parts.count > 1,
            now: now)
        return run.parts[part]
    }

    private func note(
        _ subscription: inout Subscription, revision: Int, part: Int, bytes: Int, isPart: Bool,
        now: Milliseconds
    ) {
        // Clients are looked at in ticks: the little that a tick is late must not add up, or a client
        // that asks for twenty deltas a second gets sixteen.
        let interval = interval(of: subscription)
        let due = subscription.lastSentAt + interval
        let slack = min(interval / 2, limits.lateMilliseconds)
        subscription.lastSentAt = due <= now && now - due <= slack ? due : now
        subscription.credit.sent(
            revision: revision, part: part, bytes: bytes, isPart: isPart, now: now)
    }

    private func count(shared: Bool) {
        if shared { counters.shared += 1 } else { counters.computed += 1 }
    }
}
