internal import EventLoop
internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

extension QueueReader {
    /// Lists looked at in one script: a script holds the server up.
    private static let keysPerScript = 500
    /// Waiting messages shown at a time.
    nonisolated static let messagesShown = DetailRequest.mostMessages
    /// Messages above this are not read whole.
    private static let messageBytes = MessageLimits.wholeBytes
    /// Messages above this get no digest.
    private static let digestedBytes = 4 << 20

    /// The ends of the messages that are next in lists, `false` for an empty list.
    private static let tailScript = """
        local ends = {}
        for i, key in ipairs(KEYS) do
          local message = redis.call('LINDEX', key, -1)
          ends[i] = message and string.sub(message, -tonumber(ARGV[1]))
        end
        return ends
        """

    /// Size, message and digest of each, next one first; of a large message only the end. One in whose end a
    /// delivery tag is written needs no digest, if it is too large to be read whole.
    private static let pageScript = """
        local found = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
        local page = {}
        for i = #found, 1, -1 do
          local message = found[i]
          page[#page + 1] = #message
          local shown = message
          if #message > tonumber(ARGV[3]) then shown = string.sub(message, -tonumber(ARGV[4])) end
          page[#page + 1] = shown
          local named = #shown < #message and string.find(shown, '"delivery_tag"', 1, true)
          named = named or #message > tonumber(ARGV[5])
          page[#page + 1] = named and '' or #message .. '-' .. redis.sha1hex(message)
        end
        return page
        """

    /// Looks which message is next in each list that is not empty, so that its age can be told.
    ///
    /// - Returns: false if it was put off for its cost.
    @discardableResult
    func readOldest() async -> Bool {
        guard lengthsFirst == 0 else { return false }
        oldestRound.begin(filledLists())
        guard oldestRound.count > 0 else { return true }
        // The server counts each LINDEX of a script.
        let scripts = (oldestRound.count + Self.keysPerScript - 1) / Self.keysPerScript
        let granted = cost.mayRead(upTo: scripts + oldestRound.count, atLeast: 2)
        let ofThem = (granted + Self.keysPerScript) / (Self.keysPerScript + 1)
        let lists = oldestRound.take(granted - ofThem)
        if granted > 0, oldestRound.count > 0 { lengthsFirst = Self.lengthsTurns }
        guard !lists.isEmpty else { return false }
        var oldest: [OldestMessage] = []
        do throws(BrokerError) {
            for start in stride(from: 0, to: lists.count, by: Self.keysPerScript) {
                let some = lists[start..<min(start + Self.keysPerScript, lists.count)]
                let keys = some.map {
                    settings.queueKey($0.queue, step: settings.naming.steps[$0.place])
                }
                let reply = try await evaluate(Self.tailScript, keys, "\(MessageTail.bytes)")
                cost.noteScripted(keys.count)
                for (list, end) in zip(some, reply) {
                    guard case .bulk(let bytes) = end, let tail = MessageTail(bytes) else {
                        continue
                    }
                    oldest.append(
                        OldestMessage(
                            queue: list.queue, place: list.place, tag: tail.deliveryTag,
                            taskID: tail.id))
                }
            }
            feed.learn { $0.apply(oldest: oldest, now: clock.now()) }
        } catch {
            log.debug("oldest messages unknown", metadata: ["error": "\(error.message)"])
        }
        return oldestRound.count == 0
    }

    /// The lists in which messages wait, by queue and place of the priority step.
    private func filledLists() -> [(queue: String, place: Int)] {
        feed.fleet.queueNames.flatMap { name -> [(queue: String, place: Int)] in
            guard let steps = feed.fleet.queue(name)?.steps else { return [] }
            return settings.naming.steps.indices.filter {
                steps.indices.contains($0) && steps[$0] > 0
            }.map { (name, $0) }
        }
    }

    /// Counts messages on lists of priority steps that this broker's settings leave out: no worker
    /// with those reads them.
    ///
    /// - Returns: false if it was put off for its cost.
    @discardableResult
    func readUnreachable() async -> Bool {
        let others = (0...9).filter { !settings.naming.steps.contains($0) }
        guard !others.isEmpty else { return true }
        guard lengthsFirst == 0 else { return false }
        unreachableRound.begin(feed.fleet.queueNames)
        guard unreachableRound.count > 0 else { return true }
        let granted = cost.mayRead(
            upTo: unreachableRound.count * others.count, atLeast: Self.leastReading)
        let names = unreachableRound.take(granted / others.count)
        if granted > 0, unreachableRound.count > 0 { lengthsFirst = Self.lengthsTurns }
        guard !names.isEmpty else { return false }
        do throws(BrokerError) {
            let replies = try await broker.pipeline(
                names.flatMap { name in
                    others.map { [Array("LLEN".utf8), settings.queueKey(name, step: $0)] }
                })
            var counts: [String: Int] = [:]
            for (index, name) in names.enumerated() {
                counts[name] = replies[index * others.count..<(index + 1) * others.count].reduce(0)
                {
                    if case .integer(let count) = $1 { $0 + Int(count) } else { $0 }
                }
            }
            feed.learn { $0.apply(unreachable: counts) }
        } catch {
            log.debug("other lists unknown", metadata: ["error": "\(error.message)"])
        }
        return unreachableRound.count == 0
    }

    /// How many are held; then for each, those held longest first, the time of delivery, the time limits
    /// of its headers as JSON text, and the end of the message.
    private static let heldScript = """
        local held = {redis.call('ZCARD', KEYS[1])}
        local oldest = redis.call('ZRANGE', KEYS[1], 0, ARGV[1], 'WITHSCORES')
        for i = 1, #oldest, 2 do
          local entry = redis.call('HGET', KEYS[2], oldest[i]) or ''
          held[#held + 1] = oldest[i + 1]
          held[#held + 1] = string.match(entry, '"timelimit": ?(%[[^%]]-%])') or ''
          held[#held + 1] = string.sub(entry, -tonumber(ARGV[2]))
        end
        return held
        """
    /// What the script costs beside one command for each message.
    private static let heldCommands = 3

    /// Looks which delivered messages are not acknowledged for longest, and since when.
    ///
    /// - Returns: false if it was put off for its cost.
    @discardableResult
    func readHeld() async -> Bool {
        guard cost.mayRead(Self.heldCommands) else { return false }
        do throws(BrokerError) {
            let reply = try await evaluate(
                Self.heldScript, [settings.key("unacked_index"), settings.key("unacked")],
                "\(feed.fleet.limits.heldMessages - 1)", "\(MessageTail.bytes)")
            let messages = reply.count / 3
            cost.charge(messages)
            cost.noteScripted(Self.heldCommands - 1 + messages)
            var held: [HeldMessage] = []
            for index in stride(from: 1, to: reply.count - 2, by: 3) {
                guard case .bulk(let score) = reply[index],
                    case .bulk(let limits) = reply[index + 1],
                    case .bulk(let end) = reply[index + 2],
                    let time = Double(String(decoding: score, as: UTF8.self)),
                    let id = MessageTail(ofUnacked: end)?.id
                else { continue }
                held.append(
                    HeldMessage(
                        taskID: id, deliveredAt: time, timeLimit: Self.hardLimit(limits)))
            }
            var total: Int?
            if case .integer(let count) = reply.first { total = Int(count) }
            feed.learn { $0.apply(held: held, total: total, now: clock.now()) }
        } catch {
            log.debug("held messages unknown", metadata: ["error": "\(error.message)"])
        }
        return true
    }

    /// The first of `[hard, soft]`, seconds.
    private static func hardLimit(_ text: [UInt8]) -> Double? {
        (try? JsonReader.parse(text, limits: .celery))?.array?.first?.double
    }

    /// A message that waits.
    struct Waiting {
        /// Its priority step, such as 0, 3, 6 or 9.
        var step: Int
        /// Its size in Redis, bytes.
        var bytes: Int
        /// What its headers say; `nil` if it is too large to read or no task message.
        var preview: MessagePreview?
        /// Its id, if at least its end can be read.
        var tail: MessageTail?
        /// What names it if it has no delivery tag (``MessageDigest``).
        var digest: String?

        /// Its delivery tag, if one can be read.
        var deliveryTag: String? { preview?.deliveryTag ?? tail?.deliveryTag }
    }

    /// Looks at the messages that consumers would take next, without taking them.
    ///
    /// - Parameters:
    ///   - offset: messages to pass over.
    ///   - limit: at most ``messagesShown``.
    /// - Returns: the messages and how many wait in all.
    func peek(
        _ queue: String, offset: Int, limit: Int
    ) async throws(BrokerError) -> (messages: [Waiting], total: Int) {
        try await peek(
            settings.naming.steps.map { settings.queueKey(queue, step: $0) }, offset: offset,
            limit: limit)
    }

    /// As ``peek(_:offset:limit:)-(String,_,_)`` for lists that are named one by one.
    ///
    /// - Parameter lists: the list of each priority step.
    func peek(
        _ lists: [[UInt8]], offset: Int, limit: Int
    ) async throws(BrokerError) -> (messages: [Waiting], total: Int) {
        let lengths = try await broker.pipeline(lists.map { [Array("LLEN".utf8), $0] })
        var messages: [Waiting] = []
        var skip = max(0, offset)
        var total = 0
        for (place, length) in lengths.enumerated() {
            guard case .integer(let count) = length, count > 0 else { continue }
            total += Int(count)
            let wanted = min(limit, Self.messagesShown) - messages.count
            guard wanted > 0, skip < Int(count) else {
                skip = max(0, skip - Int(count))
                continue
            }
            let newest = -(skip + min(wanted, Int(count) - skip))
            let reply = try await evaluate(
                Self.pageScript, [lists[place]], "\(newest)",
                "\(-skip - 1)", "\(Self.messageBytes)", "\(MessageTail.bytes)",
                "\(Self.digestedBytes)")
            cost.noteScripted(1)
            skip = 0
            for index in stride(from: 0, to: reply.count - 2, by: 3) {
                guard case .integer(let size) = reply[index],
                    case .bulk(let bytes) = reply[index + 1],
                    case .bulk(let digest) = reply[index + 2]
                else { continue }
                let isWhole = bytes.count == Int(size)
                var message = Waiting(
                    step: settings.naming.steps[place], bytes: Int(size),
                    preview: isWhole
                        ? (try? MessagePreview(decoding: bytes))?.redacted(by: settings.redactor)
                        : nil,
                    tail: MessageTail(bytes))
                if message.deliveryTag == nil, !digest.isEmpty {
                    message.digest = String(decoding: digest, as: UTF8.self)
                }
                messages.append(message)
            }
        }
        return (messages, total)
    }

    /// Runs a script.
    func evaluate(
        _ script: String, _ keys: [[UInt8]], _ arguments: String...
    ) async throws(BrokerError) -> [RESPValue] {
        let head = [Array("EVAL".utf8), Array(script.utf8), Array("\(keys.count)".utf8)]
        let reply = try await broker.send(head + keys + arguments.map { Array($0.utf8) })
        guard case .array(let items) = reply else { return [] }
        return items
    }
}
