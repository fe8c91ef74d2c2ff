internal import Fleet
internal import Ports
internal import WireFormats

/// What is told to some workers about consuming a queue.
struct ConsumerChange: Equatable, Sendable {
    /// `cancel_consumer` or `add_consumer`.
    var method: ControlMethod
    /// Names of the workers, sorted.
    var workers: [String]

    /// What makes workers consume a queue again, those that did so in the same way together.
    static func giving(_ queue: String, back consumers: [PausedConsumer]) -> [ConsumerChange] {
        var changes: [ConsumerChange] = []
        for consumer in consumers.sorted(by: { $0.worker < $1.worker }) {
            let method = ControlMethod.addConsumer(
                queue: queue, exchange: consumer.exchange, exchangeType: consumer.exchangeType,
                routingKey: consumer.routingKey)
            if let place = changes.firstIndex(where: { $0.method == method }) {
                changes[place].workers.append(consumer.worker)
            } else {
                changes.append(ConsumerChange(method: method, workers: [consumer.worker]))
            }
        }
        return changes
    }
}

extension PausedConsumer {
    /// What is kept of how a worker consumes a queue: nothing that could not be sent to it again.
    init(worker: String, _ consumed: ConsumedQueue) {
        func sendable(_ name: String?) -> String? {
            name.flatMap { QueueKeys.refusal(queue: $0) == nil ? $0 : nil }
        }
        self.init(
            worker: worker, exchange: sendable(consumed.exchange),
            exchangeType: consumed.exchangeType.flatMap {
                ["direct", "topic", "fanout"].contains($0) ? $0 : nil
            },
            routingKey: sendable(consumed.routingKey))
    }
}
