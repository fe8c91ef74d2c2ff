internal import EventLoop

/// Makes attempts for a link on the loop, each on a thread of its own.
@LoopActor
final class Connector {
    private let configuration: RedisConfiguration
    private var waker: Waker?

    nonisolated init(_ configuration: RedisConfiguration) {
        self.configuration = configuration
    }

    /// Starts an attempt; `done` is called on the loop once, unless ``cancel()`` comes first.
    ///
    /// A link has one attempt at a time, so there is at most one such thread per link.
    func connect(
        turn: Int,
        done: @escaping @LoopActor (Result<Establisher.Link, LinkFailure>) -> Void
    ) {
        guard let waker = Waker() else {
            later(done, LinkFailure.system("making a socket pair"))
            return
        }
        self.waker = waker
        let establisher = Establisher(configuration: configuration, waker: waker)
        let isStarted = OwnThread.start {
            let result = Result { () throws(LinkFailure) in try establisher.establish(turn: turn) }
            Task { @LoopActor in
                if !waker.isAwake { done(result) }
            }
        }
        if !isStarted { later(done, LinkFailure("connecting: no thread to be had")) }
    }

    /// Gives up the attempt under way.
    func cancel() {
        waker?.wake()
        waker = nil
    }

    private func later(
        _ done: @escaping @LoopActor (Result<Establisher.Link, LinkFailure>) -> Void,
        _ failure: LinkFailure
    ) {
        Task { @LoopActor in done(.failure(failure)) }
    }
}
