internal import EventLoop
package import Ports

extension RedisConnection {
    /// Sends one command; an error reply is thrown as `.refused`.
    package func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue {
        try await send(arguments, timeout: nil)
    }

    /// Sends one command that may take its own time, such as a script.
    ///
    /// - Parameters:
    ///   - arguments: name and arguments, binary safe.
    ///   - timeout: instead of the configuration's; `nil` takes that.
    package func send(
        _ arguments: [[UInt8]], timeout: Duration?
    ) async throws(BrokerError) -> RESPValue {
        let replies = try await request([arguments], timeout: timeout)
        guard let reply = replies.first else {
            throw BrokerError(.connectionLost, "\(Self.name(of: arguments)): no reply")
        }
        if case .error(let text) = reply { throw Self.refusal(arguments, text) }
        return reply
    }

    /// Sends several commands in one write. They count together against
    /// ``RedisLimits/inFlight``, so cut long lists into pieces.
    package func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        return try await request(commands, timeout: nil)
    }

    /// Sends several commands in `MULTI` … `EXEC`; if one is refused while queueing, none is
    /// executed.
    package func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        // A refused MULTI would let the commands after it run one by one, so the greeting tried it.
        if isConnected, let text = identity.transactionRefusal {
            throw BrokerError(.refused, "MULTI: \(text)")
        }
        let frame = [[Array("MULTI".utf8)]] + commands + [[Array("EXEC".utf8)]]
        let replies = try await request(frame, timeout: nil)
        for (command, reply) in zip(frame, replies.dropLast()) {
            if case .error(let text) = reply { throw Self.refusal(command, text) }
        }
        switch replies.last {
        case .array(let results)? where results.count == commands.count: return results
        case .error(let text)?: throw BrokerError(.refused, "EXEC: \(ServerText.cleaned(text))")
        default: throw BrokerError(.refused, "EXEC: the transaction was not executed")
        }
    }

    private func request(
        _ commands: [[[UInt8]]], timeout: Duration?
    ) async throws(BrokerError) -> [RESPValue] {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[RESPValue], BrokerError>, Never>) in
            submit(commands, timeout: timeout) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Sends commands; `complete` is called on the loop once, at once if nothing is sent.
    func submit(
        _ commands: [[[UInt8]]], timeout: Duration?, isOwn: Bool = false,
        complete: @escaping (Result<[RESPValue], BrokerError>) -> Void
    ) {
        let name = Self.name(of: commands.first ?? [])
        guard let socket, isConnected else {
            return complete(.failure(BrokerError(.notConnected, "\(name): no connection to Redis")))
        }
        guard commands.allSatisfy({ !$0.isEmpty }) else {
            return complete(.failure(BrokerError(.refused, "a command without a name")))
        }
        let size = commands.reduce(0) { $0 + CommandWriter.bound($1) }
        guard queue.missing + commands.count <= configuration.limits.inFlight,
            socket.unwrittenBytes + size <= configuration.limits.writeBuffer
        else {
            totals.overloads += 1
            let text = "\(name): \(queue.missing) replies and \(socket.unwrittenBytes) bytes wait"
            return complete(.failure(BrokerError(.overloaded, text)))
        }
        if !isOwn { count(commands) }
        let seconds = (timeout ?? configuration.timeouts.command).inSeconds
        queue.append(
            CommandQueue.Request(
                missing: commands.count, deadline: Clocks.monotonic + seconds, name: name,
                complete: complete))
        socket.write { buffer in
            for command in commands { CommandWriter.append(command, to: &buffer) }
        }
    }

    private func count(_ commands: [[[UInt8]]]) {
        totals.commands += commands.count
        for command in commands {
            let name = Self.name(of: command)
            if name == "PUBLISH" || name == "SPUBLISH" { totals.publishes += 1 }
        }
    }

    /// The command's name in capitals; its arguments may be secrets and are never named.
    private static func name(of arguments: [[UInt8]]) -> String {
        String(decoding: arguments.first?.prefix(32) ?? [], as: UTF8.self).uppercased()
    }

    private static func refusal(_ arguments: [[UInt8]], _ text: String) -> BrokerError {
        BrokerError(.refused, "\(name(of: arguments)): \(ServerText.cleaned(text))")
    }
}
