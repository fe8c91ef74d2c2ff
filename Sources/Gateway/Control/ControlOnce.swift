internal import EventLoop
internal import Ports

/// How a command for workers is published once, although its sender may have to try again, or may be
/// stopped and come back: a mark at the broker tells, and a later run of the gateway that finds none
/// takes it, so that the command is never published after that.
@LoopActor
struct ControlOnce {
    /// What the answers carry; a later run takes them up by it.
    let ticket: String
    /// Name of the mark's key.
    let mark: [UInt8]
    /// Sends a script that may be repeated.
    let send: @LoopActor ([[UInt8]]) async throws(BrokerError) -> RESPValue

    /// The mark is written first: a broker without memory for it refuses the whole. It holds how many
    /// listeners there were, for a repetition.
    private static let script = """
        local told = redis.call('GET', KEYS[1])
        if told then return told end
        redis.call('SET', KEYS[1], '0', 'EX', 86400)
        local count = redis.call('PUBLISH', ARGV[1], ARGV[2])
        redis.call('SET', KEYS[1], count, 'EX', 86400)
        return count
        """

    /// Publishes a message.
    ///
    /// - Returns: how many listeners the broker handed it to, now or the first time.
    func publish(_ payload: [UInt8], to channel: [UInt8]) async throws(BrokerError) -> Int {
        let reply = try await send([
            Array("EVAL".utf8), Array(Self.script.utf8), Array("1".utf8), mark, channel, payload,
        ])
        switch reply {
        case .integer(let count): return Int(count)
        case .bulk(let text):
            guard let count = Int(String(decoding: text, as: UTF8.self)) else { break }
            return count
        default: break
        }
        throw BrokerError(.refused, "another run of the gateway has forbidden it; nothing was sent")
    }
}
