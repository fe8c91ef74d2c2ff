internal import EventLoop
internal import Ports
internal import WireFormats

extension ControlDesk {
    /// How often a worker that has not answered is pinged again.
    nonisolated static let reachEvery: Duration = .milliseconds(200)
    /// How long a worker is pinged: its mailbox may open a second after `worker-online` (wire.md 7.5),
    /// and what is published before that is lost.
    nonisolated static let reachPatience: Duration = .seconds(5)

    /// Pings workers until each has answered: then its mailbox is open, and what is published next
    /// arrives.
    ///
    /// - Parameter patience: how long they are pinged.
    /// - Returns: those that were silent all the time.
    func reach(
        _ workers: [String], patience: Duration = ControlDesk.reachPatience
    ) async throws(BrokerError) -> [String] {
        let calling = Calling(Set(workers))
        let started = ContinuousClock.now
        while !calling.silent.isEmpty {
            let left = patience - (ContinuousClock.now - started)
            guard left > .zero else { break }
            let names = calling.silent.sorted()
            // Open as long as we wait, so that a slow answer to an earlier ping counts as well.
            try await ask(
                .ping, of: names, expecting: names, timeout: left,
                onAnswer: { calling.answered($0.worker) })
            await calling.wait(min(left, Self.reachEvery))
        }
        return calling.silent.sorted()
    }

    /// Who has not answered, and the one who waits for that.
    @LoopActor private final class Calling {
        private(set) var silent: Set<String>
        private var timer: LoopTimer?
        private var waiting: CheckedContinuation<Void, Never>?

        init(_ workers: Set<String>) {
            silent = workers
        }

        func answered(_ worker: String) {
            silent.remove(worker)
            if silent.isEmpty { goOn() }
        }

        /// Returns when all have answered, or after a while.
        func wait(_ duration: Duration) async {
            guard !silent.isEmpty else { return }
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                waiting = done
                timer = LoopTimer(after: duration) { [weak self] in self?.goOn() }
            }
        }

        private func goOn() {
            timer?.cancel()
            timer = nil
            waiting?.resume()
            waiting = nil
        }
    }
}
