internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

/// Reads from the result backend how far a group or a chord is.
@LoopActor
final class GroupReader {
    /// Tasks of a group that are looked at.
    static let memberLimit = 1_000

    /// How far a group is. What cannot be known is `nil`.
    struct Progress {
        /// Tasks in it: of a chord as its beginner wrote it, of a saved group as it was saved.
        var size: Int?
        /// Tasks that have ended, however they ended.
        var done: Int
        /// Whether the backend counts it for a chord whose body waits for it.
        var isChord: Bool
        /// Ids and states of the tasks that are known by name, at most ``memberLimit``; a task that
        /// nobody has heard of is PENDING.
        var members: [(id: String, state: String)]
    }

    private let results: any BrokerCommands
    private let settings: CelerySettings
    private let feed: Feed

    init(results: any BrokerCommands, settings: CelerySettings, feed: Feed) {
        self.results = results
        self.settings = settings
        self.feed = feed
    }

    /// Looks a group up.
    ///
    /// - Returns: `nil` if neither the backend nor any known task tells of it.
    /// - Throws: if the backend cannot be asked.
    func progress(of group: String) async throws(BrokerError) -> Progress? {
        let key = settings.groupKey(group)
        let replies = try await results.pipeline([
            [Array("GET".utf8), key], [Array("GET".utf8), key + Array(".s".utf8)],
            [Array("ZCARD".utf8), key + Array(".j".utf8)],
        ])
        guard replies.count == 3 else { return nil }
        let saved = Self.savedMembers(replies[0])
        let size = Self.number(replies[1])
        // `.j` lives while the chord runs; other types of key count as nothing.
        let counted: Int? = if case .integer(let count) = replies[2] { Int(count) } else { nil }
        var ids = saved ?? []
        let known = feed.fleet.tasks(ofGroup: group, limit: Self.memberLimit)
        ids += known.filter { !ids.contains($0) }.prefix(max(0, Self.memberLimit - ids.count))
        guard size != nil || saved != nil || !ids.isEmpty else { return nil }
        let members = try await states(of: ids)
        let ready = members.count { ["SUCCESS", "FAILURE", "REVOKED"].contains($0.state) }
        return Progress(
            size: size ?? saved?.count, done: max(counted ?? 0, ready), isChord: size != nil,
            members: members)
    }

    /// The states of tasks: as we know them, else as the backend does.
    private func states(
        of ids: [String]
    ) async throws(BrokerError) -> [(id: String, state: String)] {
        var states: [String: String] = [:]
        for id in ids {
            if let task = feed.fleet.task(id), task.state.isFinished {
                states[id] = task.state.name
            }
        }
        let open = ids.filter { states[$0] == nil }
        if !open.isEmpty {
            let reply = try await results.send([Array("MGET".utf8)] + open.map(settings.resultKey))
            if case .array(let values) = reply {
                for (id, value) in zip(open, values) {
                    guard case .bulk(let bytes) = value else { continue }
                    guard let status = ResultDecoder.decode(bytes, id: id)?.status,
                        !status.isEmpty
                    else { continue }
                    states[id] = status
                }
            }
        }
        return ids.map { ($0, states[$0] ?? feed.fleet.task($0)?.state.name ?? "PENDING") }
    }

    private static func savedMembers(_ reply: RESPValue) -> [String]? {
        guard case .bulk(let bytes) = reply else { return nil }
        return SavedGroup.members(decoding: bytes, limit: memberLimit)
    }

    private static func number(_ reply: RESPValue) -> Int? {
        guard case .bulk(let bytes) = reply else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self))
    }
}
