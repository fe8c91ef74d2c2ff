internal import LiveSync
internal import Ports
internal import WireFormats

extension SessionDesk {
    /// Refuses a message whose sender may not ask for that.
    func authorize(_ call: ClientFrame.Call, _ principal: Principal) throws(FrameFault) {
        guard let act = try act(of: call) else { return }
        if let reason = Authorization.verdict(on: act, for: principal).refusal {
            throw FrameFault(.forbidden, reason)
        }
    }

    /// What somebody sees of a topic.
    func projection(_ topic: String, _ principal: Principal) throws(FrameFault) -> Projection {
        let schema = try schema(topic)
        guard let projection = Authorization.projection(of: schema, for: principal) else {
            let verdict = Authorization.verdict(on: .topic(schema), for: principal)
            throw FrameFault(.forbidden, verdict.refusal ?? "not allowed")
        }
        return projection
    }

    /// What a message asks for; `nil` if the command desk decides, which records its refusals.
    private func act(of call: ClientFrame.Call) throws(FrameFault) -> Act? {
        switch call {
        case .start, .refresh, .move, .close, .resync, .closeEvents: .known
        case .open(let request): .topic(try schema(request.topic))
        case .openView(let request): .topic(try schema(request.topic))
        case .query(let request): .topic(try schema(request.topic))
        case .openEvents: .events
        case .plan(.read): .plans
        case .read(let request): DetailReader.act(of: request)
        case .plan(.make), .submit: nil
        }
    }

    private func schema(_ topic: String) throws(FrameFault) -> TopicSchema {
        guard let schema = Topics.all.first(where: { $0.name == topic }) else {
            throw FrameFault(.unknownTopic, "there is no topic \(topic.prefix(40))")
        }
        return schema
    }
}
