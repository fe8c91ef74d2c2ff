internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

/// Reads what is too large, or too seldom wanted, for rows: for sockets and HTTP alike.
@LoopActor
struct DetailReader {
    let rows: RowReader
    let queues: QueueReader
    let commands: CommandDesk

    /// Who may ask for something.
    nonisolated static func act(of request: DetailRequest) -> Act {
        switch request {
        case .messages(let queue, _): .messages(queue: queue)
        case .trash: .topic(Topics.trash)
        case .command: .topic(Topics.commands)
        case .outcomes: .outcomes
        }
    }

    /// What is asked for, as its reader may see it.
    ///
    /// - Throws: `forbidden` if it is not for this reader, `precondition` if there is no such thing (any more),
    ///   `brokerDown` if the broker cannot be asked.
    func read(
        _ request: DetailRequest, for principal: Principal
    ) async throws(CommandFault) -> JsonValue {
        if let reason = Authorization.verdict(on: Self.act(of: request), for: principal).refusal {
            throw CommandFault(.forbidden, reason)
        }
        switch request {
        case .messages(let queue, let part):
            return try await messages(in: queue, part, for: principal)
        case .trash(let id, let part): return try await trash(id, part, for: principal)
        case .command(let id): return try command(id, for: principal)
        case .outcomes(let id, let part): return try outcomes(of: id, part, for: principal)
        }
    }

    /// What waits, next one first, untouched.
    private func messages(
        in queue: String, _ part: ListPart, for principal: Principal
    ) async throws(CommandFault) -> JsonValue {
        if let refusal = QueueKeys.refusal(queue: queue) {
            throw CommandFault(.invalid, "a queue's name \(refusal)")
        }
        let (messages, total) = try await asked {
            () async throws(BrokerError) in
            try await queues.peek(queue, offset: part.offset, limit: part.limit)
        }
        let grant = Grant(principal.scope)
        return [
            "queue": .string(queue), "total": .integer(Int64(total)),
            "messages": MessageText.json(
                messages, from: part.offset, isMasked: isMasked(Topics.tasks, principal)
            ) { grant?.shows(name: $0.preview?.task) ?? true },
        ]
    }

    /// The row of a purge, and the messages that are left, those first that would have been next.
    private func trash(
        _ id: String, _ part: ListPart, for principal: Principal
    ) async throws(CommandFault) -> JsonValue {
        let members = try row(Topics.trash, id, for: principal)
        let lists = TrashKeys(id, settings: queues.settings).lists
        let (messages, _) = try await asked {
            () async throws(BrokerError) in
            try await queues.peek(lists, offset: part.offset, limit: part.limit)
        }
        // The messages are tasks: who may see the row may yet not see their texts.
        let texts = MessageText.json(
            messages, from: part.offset, isMasked: isMasked(Topics.tasks, principal))
        return .object(members + [JsonMember("messages", texts)])
    }

    /// A command's row, and what workers answered if it was a question.
    private func command(
        _ id: String, for principal: Principal
    ) throws(CommandFault) -> JsonValue {
        var members = try row(Topics.commands, id, for: principal)
        if Authorization.verdict(on: .outcomes, for: principal) == .everything,
            let answers = commands.answers[id]
        {
            members.append(JsonMember("answers", answers))
        }
        return .object(members)
    }

    /// What became of each task of a command for many.
    private func outcomes(
        of id: String, _ part: ListPart, for principal: Principal
    ) throws(CommandFault) -> JsonValue {
        let isShown =
            Grant(principal.scope) == nil
            || rows.object(Topics.commands, id, for: principal) != nil
        guard isShown,
            let found = commands.outcomes(of: id, offset: part.offset, limit: part.limit)
        else {
            throw CommandFault(
                .precondition,
                "the outcomes of the last \(BulkLimits.kept) commands for many tasks are kept")
        }
        return [
            "total": .integer(Int64(found.total)), "offset": .integer(Int64(part.offset)),
            "items": .array(found.items),
        ]
    }

    private func row(
        _ schema: TopicSchema, _ id: String, for principal: Principal
    ) throws(CommandFault) -> [JsonMember] {
        guard
            case .object(let members) = rows.object(schema, id, for: principal)
        else { throw CommandFault(.precondition, "no such row in \(schema.name)") }
        return members
    }

    private func isMasked(_ schema: TopicSchema, _ principal: Principal) -> Bool {
        Authorization.verdict(on: .topic(schema), for: principal) != .everything
    }

    private func asked<Answer>(
        _ question: () async throws(BrokerError) -> Answer
    ) async throws(CommandFault) -> Answer {
        do throws(BrokerError) {
            return try await question()
        } catch {
            throw CommandFault(
                .brokerDown, "the broker cannot be asked now: \(error.message)",
                retryAfterMilliseconds: 1_000)
        }
    }
}
