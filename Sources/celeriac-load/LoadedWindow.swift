internal import LiveSync

/// One window of the benchmark: what it asks for, what its client was told, and what would be right.
struct LoadedWindow {
    let request: ViewRequest
    let order: String
    private let wanted: [(column: String, value: String)]
    /// Handles in the window's order, as the frames said.
    private(set) var handles: [Int] = []

    /// The window of a number: every order and direction, all tasks or those of a name, queue or state.
    ///
    /// Numbers below 1,000 are all different windows, as long as there are 200 names and 20 queues.
    init(number: Int, subscription: Int) {
        let sorts = MovingTasks.sorts
        order = sorts[number % sorts.count]
        let turn = number / sorts.count
        var wanted: [(column: String, value: String)] = []
        switch turn % 4 {
        case 0: wanted = [("name", "app.tasks.job\(turn % MovingTasks.names)")]
        case 1: wanted = [("queue", "queue\(turn / 4 % MovingTasks.queues)")]
        case 2:
            wanted = [
                ("state", turn % 8 < 4 ? "FAILURE" : "SUCCESS"),
                ("worker", "celery@w\(turn / 4 % MovingTasks.workers)"),
            ]
        default: wanted = [("state", ["RECEIVED", "STARTED", "SUCCESS", "FAILURE"][turn / 4 % 4])]
        }
        self.wanted = wanted
        request = ViewRequest(
            subscription: subscription, topic: "tasks",
            filter: .and(wanted.map { .eq($0.column, .text($0.value)) }), order: order,
            descending: turn % 8 < 6, limit: 20 + turn % 31, mode: .follow, frequency: 4)
    }

    /// Applies a frame.
    ///
    /// - Returns: the revision to acknowledge.
    mutating func apply(_ content: FrameContent) -> Int? {
        switch content {
        case .viewSnapshot(let part):
            if part.part == 0 { handles = [] }
            handles += part.rows.handles
            return part.at
        case .viewDelta(let part):
            if let order = part.order { handles = order }
            return part.to
        case .reset, .snapshot, .delta: return nil
        }
    }

    /// A row as a naive reader sees it.
    struct Row {
        let handle: Int
        let fields: [String: FieldValue]
    }

    /// The handles that a scan of all rows gives.
    func scanned(_ rows: [Row]) -> [Int] {
        let matching = rows.filter { row in
            wanted.allSatisfy { row.fields[$0.column] == .text($0.value) }
        }
        let sorted = matching.map { (key: Self.key($0.fields[order]), handle: $0.handle) }.sorted {
            ($0.key.number, $0.key.text, $0.handle) < ($1.key.number, $1.key.text, $1.handle)
        }
        let handles = sorted.map(\.handle)
        return Array((request.descending ? handles.reversed() : handles).prefix(request.limit))
    }

    /// Absent first, then numbers or texts; no order has both.
    private static func key(_ value: FieldValue?) -> (number: Double, text: String) {
        switch value {
        case .double(let number): (number, "")
        case .text(let text): (0, text)
        default: (-1, "")
        }
    }
}
