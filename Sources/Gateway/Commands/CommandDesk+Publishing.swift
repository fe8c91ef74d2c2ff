internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Pushes messages once: the marker (`KEYS[1]`) tells a repetition that the first try had arrived.
    /// Then come a list for each message, and after the messages the events for the channel `KEYS[2]`.
    private static let publishScript = """
        if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', 86400) then return 0 end
        local count = #KEYS - 2
        for index = 1, count do redis.call('LPUSH', KEYS[index + 2], ARGV[index]) end
        for index = count + 1, #ARGV do redis.call('PUBLISH', KEYS[2], ARGV[index]) end
        return count
        """

    func publish(_ publication: Publication, for command: Open) async {
        do throws(BrokerError) {
            if let chord = publication.chord { try await begin(chord, for: command) }
            let reply = try await sendUntilAnswered(script(publication, for: command), for: command)
            let count = publication.pushes.count
            let what = count == 1 ? "message" : "\(count) messages"
            learn(
                .taken(
                    reply == .integer(0)
                        ? "broker: \(what) in \(publication.place) already"
                        : "broker: \(what) in \(publication.place)", receivers: nil),
                for: command)
        } catch {
            learn(error.fact, for: command)
        }
    }

    /// Publishes some messages after the others. Each part is sent once or not at all, and so is the
    /// first, whose marker is the command's: after a crash it tells whether anything was sent.
    ///
    /// The caller waits for the first part only.
    func publishFirst(of publications: [Publication], for command: Open) async {
        guard await publish(publications, part: 0, for: command) else { return }
        Task { @LoopActor in
            for part in publications.indices.dropFirst() {
                // Events of all these tasks come back to us, and to every other monitor.
                await pause(.milliseconds(BulkLimits.publishPauseMilliseconds))
                guard await publish(publications, part: part, for: command) else { return }
            }
            let count = publications.reduce(0) { $0 + $1.pushes.count }
            learn(.taken("broker: \(count) messages", receivers: nil), for: command)
        }
    }

    /// - Returns: whether it was taken.
    private func publish(
        _ publications: [Publication], part: Int, for command: Open
    ) async -> Bool {
        do throws(BrokerError) {
            _ = try await sendUntilAnswered(
                script(publications[part], for: command, part: part), for: command)
            return true
        } catch {
            let sent = publications.prefix(part).reduce(0) { $0 + $1.pushes.count }
            if sent > 0 { learn(.noted("broker: \(sent) messages, then no more"), for: command) }
            learn(sent > 0 ? .lostInTransit(error.message) : error.fact, for: command)
            return false
        }
    }

    private func script(
        _ publication: Publication, for command: Open, part: Int = 0
    ) -> [[UInt8]] {
        let marker = to.settings.markKey(command.record.id, part: part)
        let head = [
            Array("EVAL".utf8), Array(Self.publishScript.utf8),
            Array("\(publication.pushes.count + 2)".utf8), marker, to.settings.sentChannel,
        ]
        return head + publication.pushes.map(\.key) + publication.pushes.map(\.message)
            + publication.events
    }

    /// Tells the result backend how many tasks a chord has, as Celery does before it sends them
    /// (`set_chord_size` in celery/backends/redis.py); without it the body would never run.
    private func begin(_ chord: Publication.Chord, for command: Open) async throws(BrokerError) {
        let key = to.settings.groupKey(chord.group) + Array(".s".utf8)
        let size = [
            Array("SET".utf8), key, Array("\(chord.size)".utf8), Array("EX".utf8),
            Array("86400".utf8),
        ]
        do throws(BrokerError) {
            _ = try await to.results.send(size)
        } catch {
            // Nothing of the command itself was sent, whatever became of the size.
            throw BrokerError(.notConnected, "the result backend: \(error.message)")
        }
    }

    /// Sends a command that may be repeated safely, again after each broken connection, until the
    /// command's deadline.
    func sendUntilAnswered(
        _ arguments: [[UInt8]], for command: Open
    ) async throws(BrokerError) -> RESPValue {
        var wasSent = false
        while true {
            do throws(BrokerError) {
                return try await to.broker.send(arguments)
            } catch {
                switch error.code {
                case .refused, .overloaded: throw error
                case .connectionLost, .timedOut: wasSent = true
                case .notConnected where !wasSent: throw error
                case .notConnected: break
                }
                guard to.clock.now() < command.record.deadlineAt else {
                    throw BrokerError(.connectionLost, error.message)
                }
            }
            await pause(.milliseconds(100))
        }
    }

    // MARK: - Before it is recorded

    /// What an action needs that only the broker or the fleet can tell, looked up.
    struct Resolved {
        /// The action, with nothing left to look up.
        var action: CommandAction
        /// Where a message for a named exchange goes.
        var queues: [String] = []
        /// What people should know about it.
        var notes: [String] = []
    }

    func resolve(_ action: CommandAction, now: Double) async throws(CommandFault) -> Resolved {
        var resolved = Resolved(action: action)
        if case .retry(let retry) = action {
            resolved.action = .run(try runAgain(retry))
            resolved.notes.append("runs task \(retry.id) again, as \(retry.newID)")
        }
        switch resolved.action {
        case .run(let run):
            if let exchange = run.exchange { resolved.queues = try await queues(of: exchange) }
            for step in run.chain {
                resolved.notes.append("then \(step.task), \(step.taskID ?? "")")
            }
            resolved.notes += etaNotes(run, now: now)
        case .group(let group):
            resolved.notes.append("group \(group.id)")
            if let body = group.body {
                resolved.notes.append("then \(body.task), \(body.taskID ?? "")")
            }
            if let first = group.runs.first { resolved.notes += etaNotes(first, now: now) }
        case .revokeStamped(let stamped) where stamped.keep > 0:
            resolved.notes.append(
                "workers that start until \(IsoTime.text(now + stamped.keep)) are told as well")
        default: break
        }
        return resolved
    }

    /// Redis gives a message that waits for its time to a second worker once the visibility time-out
    /// has passed (wire.md 7.3).
    private func etaNotes(_ run: RunSpec, now: Double) -> [String] {
        let wait: Double? =
            switch run.eta {
            case .after(let seconds): seconds
            case .at(let text): IsoTime.seconds(text).map { $0 - now }
            case nil: nil
            }
        guard let wait, wait >= to.settings.visibilityTimeout else { return [] }
        return [
            "it waits longer than the visibility timeout of "
                + "\(Int(to.settings.visibilityTimeout)) s: workers may run it more than once"
        ]
    }

    /// The queues that a named exchange leads to: Celery itself would lose the message without a word
    /// if there is none.
    private func queues(
        of exchange: TaskMessage.Exchange
    ) async throws(CommandFault) -> [String] {
        let members: [RESPValue]
        do throws(BrokerError) {
            let key = to.settings.key(QueueKeys.bindingPrefix + exchange.name)
            guard case .array(let values) = try await to.broker.send([Array("SMEMBERS".utf8), key])
            else { throw BrokerError(.refused, "SMEMBERS was not answered by an array") }
            members = values
        } catch {
            throw CommandFault(.brokerDown, error.message, retryAfterMilliseconds: 1_000)
        }
        var queues: Set<String> = []
        for case .bulk(let member) in members {
            guard
                let binding = QueueKeys.binding(
                    member, exchange: exchange.name, naming: to.settings.naming)
            else { continue }
            if binding.takes(exchange.routingKey), QueueKeys.refusal(queue: binding.queue) == nil {
                queues.insert(binding.queue)
            }
        }
        guard 1...CommandLimits.signatures ~= queues.count else {
            throw CommandFault(
                .precondition,
                queues.isEmpty
                    ? "no queue is bound to exchange \(exchange.name) with routing key "
                        + "\(exchange.routingKey): Celery would lose the message"
                    : "exchange \(exchange.name) leads to \(queues.count) queues")
        }
        return queues.sorted()
    }

    func runAgain(_ retry: RetrySpec) throws(CommandFault) -> RunSpec {
        guard let task = to.feed.fleet.task(retry.id) else {
            throw CommandFault(.precondition, "nothing is known about task \(retry.id)")
        }
        guard task.state.isFinished else {
            throw CommandFault(
                .precondition, "task \(retry.id) has not ended: it is \(task.state.name)")
        }
        guard let name = retry.task ?? task.name else {
            throw CommandFault(
                .precondition, "the name of task \(retry.id) is not known; give args.task")
        }
        var run = RunSpec(task: name, id: retry.newID)
        if let args = retry.args {
            run.args = args
        } else {
            run.args = try known(task.args, "args", of: retry.id).array ?? []
        }
        if let kwargs = retry.kwargs {
            run.kwargs = kwargs
        } else {
            run.kwargs = try known(task.kwargs, "kwargs", of: retry.id).object ?? []
        }
        run.queue = retry.queue ?? task.queue ?? run.queue
        run.priority = task.priority.flatMap { 0...9 ~= $0 ? $0 : nil }
        run.eta = retry.eta
        run.headers = [JsonMember("celeriac-retry-of", .string(retry.id))]
        return run
    }

    /// Arguments from the text that events show of them.
    private func known(
        _ text: String?, _ what: String, of id: String
    ) throws(CommandFault) -> JsonValue {
        guard let text, let value = PythonLiteral.value(text),
            what == "args" ? value.array != nil : value.object != nil
        else {
            throw CommandFault(
                .precondition,
                "the \(what) of task \(id) are not known exactly (\(text == nil ? "unknown" : "cut, masked or not plain values")); "
                    + "give args.\(what)")
        }
        return value
    }
}
