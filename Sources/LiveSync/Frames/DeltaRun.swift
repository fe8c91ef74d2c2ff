/// All parts of one delta, shared by the clients that need it.
final class DeltaRun {
    /// Revision that its content starts from.
    let from: Int
    /// Revision that its frames name as their start: at most the client's, and at most ``from``. It is
    /// less if nothing that the query sees has changed in between, and the client was not told so.
    let label: Int
    /// Revision it leads to.
    let to: Int
    /// The frames; none if nothing changed that the query sees.
    let parts: [SharedFrame]
    /// Estimated bytes of all parts.
    let estimatedBytes: Int

    init(from: Int, label: Int, to: Int, parts: [SharedFrame], estimatedBytes: Int) {
        self.from = from
        self.label = label
        self.to = to
        self.parts = parts
        self.estimatedBytes = estimatedBytes
    }

    /// The same content under another label.
    func relabeled(_ label: Int) -> DeltaRun {
        DeltaRun(
            from: from, label: label, to: to,
            parts: parts.map { SharedFrame($0.content.relabeled(label)) },
            estimatedBytes: estimatedBytes)
    }
}

extension FrameContent {
    /// A delta that names another start; other frames stay as they are.
    fileprivate func relabeled(_ label: Int) -> FrameContent {
        switch self {
        case .delta(let part):
            .delta(
                DeltaPart(
                    from: label, to: part.more ? label : part.to, part: part.part,
                    more: part.more, schema: part.schema, gone: part.gone, new: part.new,
                    put: part.put))
        case .viewDelta(let part):
            .viewDelta(
                ViewDeltaPart(
                    from: label, to: part.more ? label : part.to, part: part.part,
                    more: part.more, schema: part.schema, new: part.new, put: part.put,
                    left: part.left, back: part.back, order: part.order, total: part.total,
                    before: part.before))
        case .reset, .snapshot, .viewSnapshot: self
        }
    }
}

/// The deltas to one revision, the newest asked for.
struct DeltaCache {
    /// Deltas kept at most; powers of two of a long history are fewer.
    static let limit = 32

    /// Starts that are taken as they are asked for; see ``start(asked:bucket:to:)``.
    static let exactStarts = 4

    private var runs: [DeltaRun] = []
    private var to = -1

    /// The revision to start a delta from, for a client at `asked`.
    ///
    /// Clients that keep up stand at one or two places, those of the last ticks at which they were
    /// told. The first few starts asked for are therefore exact, so that nobody who keeps up is sent
    /// a row twice; only further ones share the older starts of R18, which repeat rows.
    ///
    /// - Parameters:
    ///   - asked: where the client is.
    ///   - bucket: the shared start for it, at most `asked`.
    ///   - to: revision the delta leads to.
    mutating func start(asked: Int, bucket: Int, to: Int) -> Int {
        lead(to: to)
        var starts: [Int] = []
        for run in runs where !starts.contains(run.from) {
            if run.from == asked { return asked }
            starts.append(run.from)
        }
        return starts.count < Self.exactStarts ? asked : bucket
    }

    /// Different revisions that the deltas kept start from.
    var startCount: Int { Set(runs.map(\.from)).count }

    private mutating func lead(to: Int) {
        guard self.to != to else { return }
        runs.removeAll(keepingCapacity: true)
        self.to = to
    }

    /// A delta that was made before, or a new one.
    ///
    /// - Parameters:
    ///   - from: start of the content.
    ///   - label: start that the frames name.
    ///   - compute: makes a delta from `from`, labeled so.
    /// - Returns: the delta, and whether it was there already.
    mutating func delta(
        from: Int, label: Int, to: Int, compute: () -> DeltaRun
    ) -> (run: DeltaRun, shared: Bool) {
        lead(to: to)
        if let run = runs.first(where: { $0.from == from && $0.label == label }) {
            return (run, true)
        }
        let known = runs.first { $0.from == from } ?? compute()
        let run = known.label == label ? known : known.relabeled(label)
        if runs.count < Self.limit { runs.append(run) }
        return (run, false)
    }

    /// Lets go of deltas that lead nowhere any more.
    mutating func expire(revision: Int) {
        if to < revision { runs.removeAll() }
    }
}

/// Collects the rows of a delta and cuts them into parts that fit a frame.
struct DeltaParts {
    let from: Int
    let to: Int
    let schema: TopicSchema
    let frameBytes: Int
    private(set) var closed: [(gone: [Int], new: RowSet, put: RowSet)] = []
    private(set) var estimatedBytes = 0
    private var gone: [Int] = []
    private var new = RowSet()
    private var put = RowSet()

    init(from: Int, to: Int, schema: TopicSchema, frameBytes: Int) {
        self.from = from
        self.to = to
        self.schema = schema
        self.frameBytes = frameBytes
    }

    private var openBytes: Int { gone.count * 17 + new.estimatedBytes + put.estimatedBytes }

    /// True if nothing was collected.
    var isEmpty: Bool {
        closed.isEmpty && gone.isEmpty && new.isEmpty && put.isEmpty
    }

    /// Adds a handle to forget.
    mutating func addGone(_ handle: Int) {
        if openBytes + 17 > frameBytes { close() }
        gone.append(handle)
    }

    /// Adds a whole row.
    mutating func addNew(_ append: (inout RowSet) -> Void) {
        append(&new)
        guard openBytes > frameBytes, gone.count + new.count + put.count > 1 else { return }
        let row = new.takeLastRow()
        close()
        new = row
    }

    /// Adds changed fields of a row, or nothing.
    mutating func addPut(_ append: (inout RowSet) -> Void) {
        let before = put.count
        append(&put)
        guard put.count > before, openBytes > frameBytes,
            gone.count + new.count + put.count > 1
        else { return }
        let row = put.takeLastRow()
        close()
        put = row
    }

    /// Closes the open part.
    mutating func close() {
        estimatedBytes += openBytes
        closed.append((gone, new, put))
        gone = []
        new = RowSet()
        put = RowSet()
    }
}
