internal import EventLoop
internal import Ports
internal import WireFormats

/// Finds the messages of tasks in a purge's trash: the broker picks those whose text names a task, and here
/// their headers are read.
@LoopActor
struct TrashSearch {
    let broker: any BrokerCommands
    let settings: CelerySettings

    /// Where a message is.
    struct Found {
        /// Its task.
        var id: String
        /// Number of its priority step, from 1.
        var step: Int
        /// Its index from the left.
        var index: Int
        /// SHA-1 of the message, as text.
        var digest: String

        /// What ``TrashScripts/restoreFound`` needs.
        var arguments: [String] { ["\(step)", "\(index)", digest] }
    }

    /// The messages of tasks, step by step, each from the left.
    func messages(of ids: [String], in trash: String) async throws(BrokerError) -> [Found] {
        let wanted = Set(ids)
        var found: [Found] = []
        for (place, list) in TrashKeys(trash, settings: settings).lists.enumerated() {
            guard case .integer(let length) = try await broker.send([Array("LLEN".utf8), list])
            else { continue }
            for start in stride(from: 0, to: Int(length), by: TrashLimits.searchedAtOnce) {
                let reply = try await look(for: ids, in: list, from: start)
                for item in stride(from: 0, to: reply.count - 2, by: 3) {
                    guard case .integer(let index) = reply[item],
                        case .bulk(let digest) = reply[item + 1],
                        case .bulk(let end) = reply[item + 2],
                        let id = Self.taskID(of: end), wanted.contains(id)
                    else { continue }
                    guard found.count < TrashLimits.foundByID else {
                        throw BrokerError(
                            .refused,
                            "more than \(TrashLimits.foundByID) messages are of these tasks")
                    }
                    found.append(
                        Found(
                            id: id, step: place + 1, index: Int(index),
                            digest: String(decoding: digest, as: UTF8.self)))
                }
            }
        }
        return found
    }

    private func look(
        for ids: [String], in list: [UInt8], from start: Int
    ) async throws(BrokerError) -> [RESPValue] {
        let last = start + TrashLimits.searchedAtOnce - 1
        let arguments = ["\(start)", "\(last)", "\(MessageTail.bytes)"] + ids
        let reply = try await broker.send(
            [Array("EVAL".utf8), Array(TrashScripts.find.utf8), Array("1".utf8), list]
                + arguments.map { Array($0.utf8) })
        guard case .array(let items) = reply else { return [] }
        return items
    }

    /// The task of a message, or of its end alone.
    private static func taskID(of end: [UInt8]) -> String? {
        if let preview = try? MessagePreview(decoding: end) { return preview.id }
        return MessageTail(end)?.id
    }
}
