/// All parts of one delta, shared by the clients that need it.
final class DeltaRun {
    /// Revision it starts from, at most the client's.
    let from: Int
    /// Revision it leads to.
    let to: Int
    /// The frames; none if nothing changed that the query sees.
    let parts: [SharedFrame]
    /// Estimated bytes of all parts.
    let estimatedBytes: Int

    init(from: Int, to: Int, parts: [SharedFrame], estimatedBytes: Int) {
        self.from = from
        self.to = to
        self.parts = parts
        self.estimatedBytes = estimatedBytes
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
    var gone: [Int] = []
    var new = RowSet()
    var put = RowSet()

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

    /// To be called before a row or handle is added: closes a part that has no room for another row.
    mutating func makeRoom(rowBytes: Int) {
        guard openBytes + rowBytes > frameBytes, openBytes > 0 else { return }
        close()
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
