internal import WireFormats

extension CommandSpec {
    /// Whether something is looked at before anything is sent: workers, or long lists.
    ///
    /// Its submitter is answered as soon as it is recorded; what the look finds becomes its evidence, or the
    /// reason why it is rejected.
    var looksFirst: Bool {
        if command.destination == .workers || needs.contains(where: { $0.missing(of: nil) != nil })
        {
            return true
        }
        return switch action {
        case .planned, .pause, .resume, .restore, .message: true
        case .run, .group, .retry, .revoke, .rerun, .revokeStamped, .purge, .control: false
        }
    }

    /// What such commands are carried out on one after the other, as they came; `nil` if their order does
    /// not matter.
    var sequence: String? {
        switch action {
        case .pause(let pause): "queue \(pause.queue)"
        case .resume(let queue): "queue \(queue)"
        case .restore(let restore): restore.queue.map { "queue \($0)" }
        case .message(let message): "queue \(message.queue)"
        case .control(let method):
            switch method {
            case .addConsumer(let queue, _, _, _), .cancelConsumer(let queue): "queue \(queue)"
            case .rateLimit(let task, _), .timeLimit(let task, _, _): "limits of \(task)"
            case .poolGrow, .poolShrink, .poolRestart, .autoscale: "pools"
            case .enableEvents, .disableEvents: "events"
            default: nil
            }
        case .planned, .run, .group, .retry, .revoke, .rerun, .revokeStamped, .purge: nil
        }
    }
}
