internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// A waiting message that was found.
    struct FoundMessage {
        /// Its priority step: 0, 3, 6 or 9.
        let step: Int
        /// Its size in Redis, bytes.
        let size: Int
        /// The message, or its end if it is large.
        let bytes: [UInt8]

        /// What it is, for people; no arguments, which may be secrets.
        var text: String {
            let preview = bytes.count == size ? try? MessagePreview(decoding: bytes) : nil
            var parts = ["message of \(size) bytes"]
            if let task = preview?.task { parts = ["message of task \(task)"] }
            if let id { parts.append("id \(id)") }
            return parts.joined(separator: ", ")
        }

        /// Its task id.
        var id: String? {
            let preview = bytes.count == size ? try? MessagePreview(decoding: bytes) : nil
            return preview?.id ?? MessageTail(bytes)?.id
        }
    }

    /// What came of looking for a message.
    private enum Search {
        case found(FoundMessage)
        /// The same command has been carried out, before a connection broke; its marker.
        case done([UInt8])
        /// It does not wait in the queue, or too far back; in words.
        case absent(String)
    }

    func act(on spec: MessageSpec, for command: Open) async {
        do throws(BrokerError) {
            switch try await search(spec, for: command) {
            case .absent(let reason):
                if spec.purge != nil { await to.trash.neverPurged(command.record.id) }
                learn(.declined(reason), for: command)
            case .done(let marker):
                if case .purged(let counts)? = TrashMark(marker) {
                    await to.trash.purged(command.record.id, counts)
                }
                learn(.done(MessageWords.doneBefore), for: command)
            case .found(let message):
                command.record.taskID = message.id.flatMap {
                    1...CommandLimits.nameBytes ~= $0.utf8.count ? $0 : nil
                }
                switch spec.act {
                case .delete(let keep): await removed(message, spec, keep: keep, for: command)
                case .move, .prioritize: try await move(message, spec, for: command)
                }
            }
        } catch {
            learn(error.fact, for: command)
            if case .lostInTransit = error.fact {
                to.trash.isUncertain(command.record.id)
                settleLater(command)
            } else if spec.purge != nil {
                await to.trash.neverPurged(command.record.id)
            }
        }
    }

    /// The broker has removed a message.
    private func removed(
        _ message: FoundMessage, _ spec: MessageSpec, keep: Double, for command: Open
    ) async {
        let id = command.record.id
        await to.trash.purged(
            id, to.settings.naming.steps.map { $0 == message.step ? 1 : 0 })
        learn(.noted(message.text), for: command)
        if keep > 0 {
            learn(.noted(TrashWords.kept(id, until: command.record.at + keep)), for: command)
        }
        learn(
            .done("broker: removed from \(place(spec.queue, message.step))"), for: command)
    }

    // MARK: - Finding

    /// Looks through the messages that are next. In a queue that is consumed meanwhile, those behind move
    /// up past the place of the search, so it is searched again if that took more than one step.
    private func search(
        _ spec: MessageSpec, for command: Open
    ) async throws(BrokerError) -> Search {
        for _ in 0..<MessageLimits.passes {
            let (found, steps) = try await pass(spec, for: command)
            if let found { return found }
            if steps == 1 { break }
        }
        return .absent(
            "no such message waits in queue \(spec.queue): a worker has taken it, "
                + "or it was never there")
    }

    /// Looks through them once.
    ///
    /// - Returns: what came of it, `nil` if there is no such message; and in how many steps.
    private func pass(
        _ spec: MessageSpec, for command: Open
    ) async throws(BrokerError) -> (Search?, steps: Int) {
        var skip = 0
        var steps = 0
        while skip < MessageLimits.searched {
            steps += 1
            let reply = try await sendUntilAnswered(find(spec, skip, command), for: command)
            switch MessageSearchReply(reply, lists: to.settings.naming.steps.count) {
            case .done(let marker): return (.done(marker), steps)
            case .absent: return (nil, steps)
            case .more(let next): skip = next
            case .found(let list, let size, let bytes):
                let step = to.settings.naming.steps[list]
                return (.found(FoundMessage(step: step, size: size, bytes: bytes)), steps)
            case nil: throw BrokerError(.refused, "the broker's answer cannot be read")
            }
        }
        return (
            .absent(
                "it is not among the \(MessageLimits.searched) messages of queue "
                    + "\(spec.queue) that are next; further back nothing was searched"), steps
        )
    }

    private func find(_ spec: MessageSpec, _ skip: Int, _ command: Open) -> [[UInt8]] {
        let lists = to.settings.naming.steps.map { to.settings.queueKey(spec.queue, step: $0) }
        let (purge, id) = (spec.purge, command.record.id)
        let isAside = purge.map { $0.keep > 0 } ?? false
        var texts = [
            purge == nil ? "look" : isAside ? "aside" : "delete", "\(skip)",
            "\(min(MessageLimits.searchedAtOnce, MessageLimits.searched - skip))",
            "\(MessageLimits.bytesAtOnce)", "\(MessageLimits.wholeBytes)", "\(MessageTail.bytes)",
            "\(MessageLimits.readAtOnce)", "\(MessageLimits.markerSeconds)",
            "\(purge != nil ? MessageLimits.wholeBytes : CeleryLimits.maxMovedBytes)",
        ]
        let milliseconds = "\(Int(((purge?.keep ?? 0) * 1000).rounded(.up)))"
        switch spec.address {
        case .tag(let tag):
            texts +=
                ["tag", tag, milliseconds]
                + Set([true, false].map { JsonValue.string(tag).text(asciiOnly: $0) })
        case .digest(let digest): texts += ["digest", digest, milliseconds]
        }
        let keys =
            [to.settings.markKey(id)] + lists
            + (isAside ? TrashKeys(id, settings: to.settings).lists : [])
        return [
            Array("EVAL".utf8), Array(MessageScripts.find.utf8), Array("\(keys.count)".utf8),
        ] + keys + texts.map { Array($0.utf8) }
    }

    // MARK: - Moving

    private func move(
        _ message: FoundMessage, _ spec: MessageSpec, for command: Open
    ) async throws(BrokerError) {
        let change: MessageChange
        do throws(CeleryError) {
            change = try MessageChange(spec, message, naming: to.settings.naming)
        } catch {
            learn(.noted(message.text), for: command)
            learn(.declined("it stays where it is: \(error)"), for: command)
            return
        }
        learn(.noted("\(message.text), priority \(change.oldPriority)"), for: command)
        let isInPlace = change.queue == spec.queue && change.step == message.step
        guard !isInPlace || change.message != message.bytes else {
            learn(.declined("it has that priority already"), for: command)
            return
        }
        let arguments = [
            Array("EVAL".utf8), Array(MessageScripts.move.utf8), Array("3".utf8),
            to.settings.markKey(command.record.id),
            to.settings.queueKey(spec.queue, step: message.step),
            to.settings.queueKey(change.queue, step: change.step), message.bytes, change.message,
            Array("\(MessageLimits.markerSeconds)".utf8),
        ]
        guard try await sendUntilAnswered(arguments, for: command) != .integer(0) else {
            learn(.declined("a worker has taken it meanwhile"), for: command)
            return
        }
        if let id = message.id {
            let queue = change.queue == spec.queue ? nil : change.queue
            let now = to.clock.now()
            to.feed.learn {
                $0.moved(task: id, to: queue, priority: change.priority, now: now)
            }
        }
        if change.queue != spec.queue, to.feed.fleet.queue(change.queue)?.workers.isEmpty ?? true {
            learn(.noted("no worker consumes queue \(change.queue) now"), for: command)
        }
        learn(
            .done(
                "broker: from \(place(spec.queue, message.step)) to "
                    + "\(place(change.queue, change.step)), priority \(change.priority)"),
            for: command)
    }

    private func place(_ queue: String, _ step: Int) -> String {
        step == 0 ? "queue \(queue)" : "queue \(queue), priority step \(step)"
    }
}
