/// One subscription or window of one client: where the client is, and what it gets next (R44).
///
/// It never holds frames of its own, only its place in shared ones.
struct Subscription {
    /// What it reads.
    enum Source {
        case topic(TopicQuery)
        case window(Window)
    }

    /// What the client gets next.
    enum Phase {
        /// A reset notice, then a snapshot, or nothing more if the topic is forbidden now.
        case reset(ResetReason)
        /// The next part of a snapshot.
        case snapshot(run: SnapshotRun, part: Int, cursor: Int)
        /// The next part of a window's rows.
        case windowSnapshot(run: WindowRun, part: Int)
        /// A delta at once, even an empty one: after a snapshot, or as the start of a resumed one.
        case answer(afterSnapshot: Bool)
        /// The next part of a long delta.
        case parts(run: DeltaRun, part: Int)
        /// A delta whenever something changed and its time has come.
        case live
    }

    let number: Int
    var source: Source
    var phase: Phase
    /// The client's revision once it has applied everything sent.
    var sent: Int
    /// Revision up to which there is nothing to say to it; at least ``sent``. More than that after
    /// changes that its filter or role does not see.
    var checked: Int
    /// Shortest time between two deltas.
    var interval: Milliseconds
    /// When the last delta went out, or was due if it went out a little later; long ago at first, so
    /// that a first change goes out at once (R47).
    var lastSentAt: Milliseconds = .min / 2
    var credit: Credit
    /// The engine's generation that the client knows: another one means another epoch.
    var generation: Int

    /// The topic it reads.
    var topic: Topic {
        switch source {
        case .topic(let query): query.topic
        case .window(let window): window.topic
        }
    }

    /// What its role sees of the rows.
    var projection: Projection {
        switch source {
        case .topic(let query): query.key.projection
        case .window(let window): window.key.projection
        }
    }

    /// True for a window.
    var isWindow: Bool {
        if case .window = source { true } else { false }
    }

    /// True if the next frame does not wait for a change or for its time.
    var isUrgent: Bool {
        if case .live = phase { false } else { true }
    }

    /// True if the next frame belongs to a series, or is a notice that needs no credit.
    var isInSeries: Bool {
        switch phase {
        case .live, .answer: false
        case .reset, .snapshot, .windowSnapshot, .parts: true
        }
    }
}
