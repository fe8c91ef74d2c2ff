internal import Ports
internal import WireFormats

/// What tells workers of revocations that they have not heard.
enum RevokeMessages {
    /// Ids in one message.
    static let batch = 5_000

    /// The messages for some revocations.
    ///
    /// `hello` adds ids to a worker's revoked ones and does no more; tasks that are to be ended need
    /// the command itself, should the worker run them (it may only have lost its connection).
    static func make(for revokes: [OpenRevoke], origin: String) -> [ControlMethod] {
        var messages = batches(revokes).map { ControlMethod.hello(fromNode: origin, revoked: $0) }
        let ending = Dictionary(grouping: revokes.filter(\.terminate)) { $0.signal ?? "SIGTERM" }
        for (signal, revokes) in ending.sorted(by: { $0.key < $1.key }) {
            messages += batches(revokes).map {
                .revoke(taskIDs: $0, terminate: true, signal: signal)
            }
        }
        return messages
    }

    /// Ids, the oldest revocation first: a worker whose memory is full forgets the oldest.
    private static func batches(_ revokes: [OpenRevoke]) -> [[String]] {
        let ids = revokes.sorted { ($0.at, $0.taskID) < ($1.at, $1.taskID) }.map(\.taskID)
        return stride(from: 0, to: ids.count, by: batch).map {
            Array(ids[$0..<min($0 + batch, ids.count)])
        }
    }
}
