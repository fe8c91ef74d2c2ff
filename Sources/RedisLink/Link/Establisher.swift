internal import Ports

/// Finds a server, connects to it and greets it. Blocks, so it runs on a thread of its own.
struct Establisher: Sendable {
    /// A connection ready for use.
    struct Link {
        var transport: Transport
        var identity: ServerIdentity
        /// Whom it leads to, for messages.
        var name: String
    }

    let configuration: RedisConfiguration
    /// Ends the attempt early.
    let waker: Waker

    /// How long one Sentinel may take; the next one is asked then.
    static let sentinelSeconds = 1.0

    /// Makes one attempt.
    ///
    /// - Parameter turn: which server of the list is taken, or which Sentinel is asked first.
    func establish(turn: Int) throws(LinkFailure) -> Link {
        switch configuration.route {
        case .servers(let servers):
            guard !servers.isEmpty else { throw LinkFailure("no server is configured") }
            return try enter(servers[turn % servers.count])
        case .sentinel(let sentinels, let masterName, let login):
            let endpoint = try findMaster(masterName, sentinels, turn)
            return try enter(RedisRoute.Server(endpoint, login: login))
        }
    }

    private func enter(_ server: RedisRoute.Server) throws(LinkFailure) -> Link {
        let channel = try BlockingChannel(
            to: server.endpoint, tls: server.login.tls,
            timeout: configuration.timeouts.connect.inSeconds, waker: waker)
        let identity = try greet(
            channel, server.login, requiresMaster: configuration.route.requiresMaster)
        return Link(transport: channel.transport, identity: identity, name: channel.name)
    }

    private func greet(
        _ channel: BlockingChannel, _ login: RedisLogin, requiresMaster: Bool
    ) throws(LinkFailure) -> ServerIdentity {
        var greeting = Greeting(
            login: login, clientName: configuration.clientName, requiresMaster: requiresMaster)
        var identity: ServerIdentity?
        do throws(LinkFailure) {
            try channel.exchange(
                greeting.request, replies: greeting.replyCount, limits: configuration.limits
            ) { reply throws(LinkFailure) in identity = try greeting.received(reply) }
        } catch {
            throw LinkFailure("\(channel.name): \(error.reason)")
        }
        guard let identity else { throw LinkFailure("\(channel.name): no greeting") }
        return identity
    }

    // MARK: - Sentinel

    /// Asks the Sentinels one after the other (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
    private func findMaster(
        _ masterName: String, _ sentinels: [RedisRoute.Server], _ turn: Int
    ) throws(LinkFailure) -> RedisEndpoint {
        var reasons: [String] = []
        for index in sentinels.indices {
            let sentinel = sentinels[(index + turn) % sentinels.count]
            do throws(LinkFailure) {
                return try ask(sentinel, masterName)
            } catch {
                reasons.append(error.reason)
                if waker.isAwake { break }
            }
        }
        let detail = reasons.isEmpty ? "none is configured" : reasons.joined(separator: "; ")
        throw LinkFailure("no Sentinel knows the master \(masterName): \(detail)")
    }

    private func ask(
        _ sentinel: RedisRoute.Server, _ masterName: String
    ) throws(LinkFailure) -> RedisEndpoint {
        let channel = try BlockingChannel(
            to: sentinel.endpoint, tls: sentinel.login.tls,
            timeout: min(Self.sentinelSeconds, configuration.timeouts.connect.inSeconds),
            waker: waker)
        var request: [UInt8] = []
        let hasCredentials = sentinel.login.username != nil || sentinel.login.password != nil
        if hasCredentials {
            var words = ["AUTH", sentinel.login.password ?? ""]
            if let user = sentinel.login.username { words.insert(user, at: 1) }
            CommandWriter.append(words.map { Array($0.utf8) }, to: &request)
        }
        CommandWriter.append("SENTINEL", "get-master-addr-by-name", masterName, to: &request)
        var replies: [RESPValue] = []
        try channel.exchange(
            request, replies: hasCredentials ? 2 : 1, limits: configuration.limits
        ) { reply throws(LinkFailure) in
            if case .error(let text) = reply {
                throw LinkFailure("Sentinel \(channel.name) refuses: \(ServerText.cleaned(text))")
            }
            replies.append(reply)
        }
        guard case .array(let parts)? = replies.last, parts.count == 2,
            case .bulk(let host) = parts[0], case .bulk(let port) = parts[1],
            let number = Int(String(decoding: port, as: UTF8.self))
        else { throw LinkFailure("Sentinel \(channel.name) does not know it") }
        return .tcp(host: String(decoding: host, as: UTF8.self), port: number)
    }
}
