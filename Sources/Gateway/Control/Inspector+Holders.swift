internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension Inspector {
    /// Asks every worker which of some tasks it has.
    ///
    /// - Returns: `nil` if the question could not be sent.
    func holders(of ids: [String]) async -> TaskHolders? {
        // All that may come back count, also those that nothing was heard of lately.
        let expected = feed.fleet.workerNames.filter {
            feed.fleet.worker($0)?.health != .offline
        }
        let gathered = Gathering()
        let ended = AsyncStream.makeStream(of: Void.self)
        let listeners: Int
        do throws(BrokerError) {
            listeners = try await control.ask(
                .queryTask(ids: ids), expecting: expected, timeout: Self.patience,
                onAnswer: { answer in
                    let told = TaskInfo.queried(answer.value).map { ($0.task.id, $0.state) }
                    gathered.holders.note(told, of: answer.worker)
                },
                onEnd: { _ in ended.continuation.finish() })
        } catch {
            return nil
        }
        for await _ in ended.stream {}
        var holders = gathered.holders
        let missing = expected.filter { !holders.answered.contains($0) }
        // If all that the broker handed it to have answered, the others are not connected to it.
        if holders.answered.count >= listeners {
            holders.absent = missing
            return holders
        }
        holders.silent = missing
        let strangers = listeners - holders.answered.count - missing.count
        // Such as a solo worker that has been busy since before we came: it may have any task.
        if strangers > 0, await beats() < strangers {
            holders.silent.append("a worker that is not known yet")
        }
        return holders
    }

    /// Those of some workers that are not connected to the broker: everybody that is has answered.
    ///
    /// - Returns: nobody if that cannot be told.
    func absent(among workers: Set<String>) async -> Set<String> {
        guard let (listeners, answered) = await pinged(), answered.count >= listeners else {
            return []
        }
        return workers.subtracting(answered)
    }

    /// How many schedulers listen: from Celery 5.7 on they answer pings, and nothing else.
    private func beats() async -> Int {
        await pinged()?.answered.count { $0.hasPrefix("celerybeat@") } ?? 0
    }

    /// Pings everybody.
    ///
    /// - Returns: how many listen, and who has answered; `nil` if that could not be sent.
    private func pinged() async -> (listeners: Int, answered: Set<String>)? {
        let gathered = Gathering()
        let ended = AsyncStream.makeStream(of: Void.self)
        let listeners: Int
        do throws(BrokerError) {
            listeners = try await control.ask(
                .ping, expecting: nil, timeout: Self.patience,
                onAnswer: { gathered.holders.note([], of: $0.worker) },
                onEnd: { _ in ended.continuation.finish() })
        } catch {
            return nil
        }
        for await _ in ended.stream {}
        return (listeners, gathered.holders.answered)
    }

    @LoopActor private final class Gathering {
        var holders = TaskHolders()
    }
}
