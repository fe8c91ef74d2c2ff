internal import Ports
internal import WireFormats

/// What tells workers of revocations that they have not heard.
enum RevokeMessages {
    /// Ids in one message.
    static let batch = 5_000
    /// Names of stamps in one message (``CeleryLimits/maxHeaders``).
    static let stampNames = CeleryLimits.maxHeaders

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

    /// The messages for revocations by stamp: those that end tasks in the same way together.
    static func make(for revokes: [OpenStampRevoke]) -> [ControlMethod] {
        var messages: [ControlMethod] = []
        let byEnding = Dictionary(grouping: revokes) { $0.terminate ? $0.signal ?? "SIGTERM" : "" }
        for (signal, revokes) in byEnding.sorted(by: { $0.key < $1.key }) {
            var stamps: [String: [String]] = [:]
            func close() {
                guard !stamps.isEmpty else { return }
                messages.append(
                    .revokeByStampedHeaders(
                        headers: stamps, terminate: !signal.isEmpty,
                        signal: signal.isEmpty ? nil : signal))
                stamps = [:]
            }
            for revoke in revokes.sorted(by: { ($0.at, $0.command) < ($1.at, $1.command) }) {
                let both = stamps.merging(revoke.stamps) { $0 + $1 }
                let isTooMuch =
                    both.count > stampNames || both.contains { $0.value.count > batch }
                if isTooMuch { close() }
                stamps = isTooMuch ? revoke.stamps : both
            }
            close()
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
