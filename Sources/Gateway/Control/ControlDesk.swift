internal import EventLoop
internal import Logging
internal import Ports
internal import WireFormats

/// Asks workers over Celery's remote control (pidbox) and brings their answers back to who asked.
///
/// Answers come to one list of this gateway, which is popped for ever (wire.md 4.2, way A); a ticket
/// tells which question an answer belongs to. Late answers find their question as long as it is open.
@LoopActor
final class ControlDesk {
    /// One worker's answer.
    typealias Answer = (worker: String, value: JsonValue)

    private struct Question {
        /// How many answers each worker still owes; `nil` if nobody knows who will answer.
        var waiting: [String: Int]?
        /// Workers that have answered at least once.
        var heard: Set<String> = []
        /// Listeners that `PUBLISH` counted; `nil` until it has.
        var listeners: Int?
        /// Answers so far, and how many are taken at most.
        var answers = 0
        let answerLimit: Int
        let timer: LoopTimer
        let onAnswer: @LoopActor (Answer) -> Void
        let onEnd: @LoopActor (_ silent: [String]) -> Void
    }

    /// Questions that may be open at a time.
    static let openLimit = 4_096
    /// Answers taken to a question to everybody.
    static let answerLimit = 20_000
    /// Answers taken from each worker that was asked by name: several processes may share one.
    static let answersPerWorker = 4

    private let broker: any BrokerCommands
    private let settings: CelerySettings
    private let replyKey: String
    private let makeTicket: () -> String
    private let log: Logger
    private var questions: [String: Question] = [:]
    /// Answers that nobody waited for, or that could not be read.
    private(set) var strays = 0

    init(
        broker: any BrokerCommands, settings: CelerySettings, replyKey: String,
        makeTicket: @escaping () -> String, log: Logger
    ) {
        self.broker = broker
        self.settings = settings
        self.replyKey = replyKey
        self.makeTicket = makeTicket
        self.log = log
    }

    /// Publishes a command and waits for answers.
    ///
    /// - Parameters:
    ///   - method: what to ask or order.
    ///   - destination: node names; empty for every worker.
    ///   - expected: who should answer; the question ends early once they have. A name that several
    ///     processes share is there as often as they are. `nil` if unknown.
    ///   - timeout: when to stop waiting.
    ///   - once: how it is published if it must not be twice.
    ///   - order: what is published right behind it, without an answer: a worker whose mailbox opens now
    ///     gets both or neither.
    ///   - onAnswer: called for each answer.
    ///   - onEnd: called once, with those expected who were silent.
    /// - Returns: how many listeners the broker handed it to.
    /// - Throws: if it was not published, or perhaps not; neither closure is called then.
    @discardableResult
    func ask(
        _ method: ControlMethod, of destination: [String] = [], expecting expected: [String]?,
        timeout: Duration, once: ControlOnce? = nil,
        then order: [(method: ControlMethod, destination: [String])] = [],
        onAnswer: @escaping @LoopActor (Answer) -> Void,
        onEnd: @escaping @LoopActor (_ silent: [String]) -> Void = { _ in }
    ) async throws(BrokerError) -> Int {
        guard questions.count < Self.openLimit else {
            throw BrokerError(.overloaded, "too many remote control questions are open")
        }
        let ticket = once?.ticket ?? makeTicket()
        let timer = LoopTimer(after: timeout) { [weak self] in self?.end(ticket) }
        questions[ticket] = Question(
            waiting: expected.map { $0.reduce(into: [:]) { $0[$1, default: 0] += 1 } },
            answerLimit: max(Self.answerLimit(destination), expected?.count ?? 0),
            timer: timer, onAnswer: onAnswer, onEnd: onEnd)
        do throws(BrokerError) {
            let listeners = try await publish(
                method, to: destination, ticket: ticket, once: once, then: order)
            questions[ticket]?.listeners = listeners
            endIfComplete(ticket)
            return listeners
        } catch {
            questions.removeValue(forKey: ticket)?.timer.cancel()
            throw error
        }
    }

    /// Publishes a command that has no answer.
    ///
    /// - Returns: how many listeners the broker handed it to.
    @discardableResult
    func tell(
        _ method: ControlMethod, to destination: [String] = [], once: ControlOnce? = nil
    ) async throws(BrokerError) -> Int {
        try await publish(method, to: destination, ticket: nil, once: once)
    }

    /// Takes answers to a command that an earlier run of the gateway has published.
    ///
    /// - Parameters:
    ///   - ticket: that of its ``ControlOnce``.
    ///   - destination: whom it was for; empty for every worker.
    ///   - timeout: when to stop waiting.
    ///   - onAnswer: called for each answer.
    func listen(
        for ticket: String, of destination: [String], timeout: Duration,
        onAnswer: @escaping @LoopActor (Answer) -> Void
    ) {
        guard questions.count < Self.openLimit else { return }
        let timer = LoopTimer(after: timeout) { [weak self] in self?.end(ticket) }
        questions[ticket] = Question(
            waiting: nil, answerLimit: Self.answerLimit(destination), timer: timer,
            onAnswer: onAnswer, onEnd: { _ in })
    }

    private static func answerLimit(_ destination: [String]) -> Int {
        destination.isEmpty ? answerLimit : destination.count * answersPerWorker
    }

    private func publish(
        _ method: ControlMethod, to destination: [String], ticket: String?, once: ControlOnce?,
        then order: [(method: ControlMethod, destination: [String])] = []
    ) async throws(BrokerError) -> Int {
        let payload = try encoded(method, to: destination, ticket: ticket)
        if let once { return try await once.publish(payload, to: settings.pidboxChannel) }
        var messages = [[Array("PUBLISH".utf8), settings.pidboxChannel, payload]]
        for (method, destination) in order {
            let payload = try encoded(method, to: destination, ticket: nil)
            messages.append([Array("PUBLISH".utf8), settings.pidboxChannel, payload])
        }
        let reply =
            order.isEmpty
            ? try await broker.send(messages[0])
            : try await together(messages)
        guard case .integer(let receivers)? = reply else {
            throw BrokerError(.refused, "PUBLISH was not answered by a number")
        }
        return Int(receivers)
    }

    /// Sends messages in one transaction; one after the other where access rules forbid that.
    ///
    /// - Returns: the first one's reply.
    private func together(_ messages: [[[UInt8]]]) async throws(BrokerError) -> RESPValue? {
        do throws(BrokerError) {
            return try await broker.transaction(messages).first
        } catch {
            guard error.code == .refused else { throw error }
            var first: RESPValue?
            for message in messages {
                let reply = try await broker.send(message)
                first = first ?? reply
            }
            return first
        }
    }

    private func encoded(
        _ method: ControlMethod, to destination: [String], ticket: String?
    ) throws(BrokerError) -> [UInt8] {
        do {
            return try ControlMessage(
                method, destination: destination,
                reply: ticket.map { ControlReplyAddress(ticket: $0, key: replyKey) },
                deliveryTag: makeTicket()
            ).encoded()
        } catch {
            throw BrokerError(.refused, "the command cannot be encoded: \(error)")
        }
    }

    /// Takes an item of the reply list.
    func received(_ item: [UInt8]) {
        guard let reply = try? ControlReply(decoding: item) else {
            strays += 1
            log.debug(
                "an answer to remote control could not be read",
                metadata: ["bytes": "\(item.count)"])
            return
        }
        guard let ticket = reply.ticket, questions[ticket] != nil else {
            strays += 1
            return
        }
        for answer in reply.answers {
            guard let question = questions[ticket], question.answers < question.answerLimit else {
                strays += 1
                continue
            }
            if let owed = question.waiting?[answer.worker] {
                questions[ticket]?.waiting?[answer.worker] = owed > 1 ? owed - 1 : nil
            }
            questions[ticket]?.heard.insert(answer.worker)
            questions[ticket]?.answers += 1
            question.onAnswer(answer)
        }
        endIfComplete(ticket)
    }

    /// Ends a question that has all the answers it can get: everybody expected, or, if nobody knows
    /// who will answer, as many as there are listeners.
    private func endIfComplete(_ ticket: String) {
        guard let question = questions[ticket], let listeners = question.listeners else { return }
        let isComplete = question.waiting?.isEmpty ?? (question.answers >= listeners)
        if isComplete || listeners == 0 { end(ticket) }
    }

    private func end(_ ticket: String) {
        guard let question = questions.removeValue(forKey: ticket) else { return }
        question.timer.cancel()
        question.onEnd(
            (question.waiting ?? [:]).keys.filter { !question.heard.contains($0) }.sorted())
    }
}
