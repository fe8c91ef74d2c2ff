internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension Inspector {
    /// Pings everybody if more listen than names have answered, or if nobody is known.
    ///
    /// Two things are told by nothing else: that two workers have one name and one process id, as
    /// containers have; and that there is a worker which sends no events at all, not even heartbeats.
    ///
    /// - Parameters:
    ///   - answered: how many names have answered the newest question.
    ///   - listeners: how many the broker handed it to; `nil` if it was not sent.
    func hearVoices(answered: Int, listeners: Int?) async {
        guard let listeners else { return }
        guard listeners > answered else {
            feed.learn { $0.noteVoices([:], isWhole: true, now: clock.now()) }
            return
        }
        await hearVoices()
    }

    /// Counts the answers of everybody to one ping, by name; who is not known is asked everything.
    func hearVoices() async {
        guard cost.mayAsk(1, workers: max(feed.fleet.workerNames.count, 1)) else { return }
        let voices = Voices()
        let ended = AsyncStream.makeStream(of: Void.self)
        let asked: Int
        do throws(BrokerError) {
            // Nobody is expected by name, so it ends when all listeners have answered.
            asked = try await control.ask(
                .ping, expecting: nil, timeout: Self.patience,
                onAnswer: { voices.counts[$0.worker, default: 0] += 1 },
                onEnd: { _ in ended.continuation.finish() })
        } catch {
            return
        }
        for await _ in ended.stream {}
        let answers = voices.counts.values.reduce(0, +)
        for name in voices.counts.keys.sorted() {
            let known = feed.fleet.worker(name)
            if known == nil || known?.health == .offline { workerAppeared(name) }
        }
        feed.learn {
            $0.noteVoices(voices.counts, isWhole: answers >= asked, now: clock.now())
        }
    }

    @LoopActor private final class Voices {
        /// Answers to one question, by worker name.
        var counts: [String: Int] = [:]
    }
}
