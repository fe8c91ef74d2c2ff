internal import EventLoop
internal import LiveSync
internal import WireFormats

extension SessionDesk {
    /// What a session that ends may come back with (R5).
    func resumeToken(of session: ClientSession) -> String? {
        let engine = to.rows.engine
        return to.resumes.make(
            session.sync.positions, epoch: engine.epoch,
            expiresAt: now + engine.limits.horizonMilliseconds)
    }

    /// What is answered to a client about coming back: whether what it shows is still good, and where it
    /// finds this gateway again, not another one behind the same name.
    func resuming(_ start: SessionStart) -> [JsonMember] {
        let engine = to.rows.engine
        var members: [JsonMember] = []
        if let token = start.resume {
            let judgment = to.resumes.judge(token, epoch: engine.epoch, now: now) { revision in
                engine.start(since: SyncPosition(epoch: engine.epoch, revision: revision)) == .delta
            }
            members.append(JsonMember("resumed", .bool(judgment == .resumed)))
            if judgment != .resumed {
                members.append(JsonMember("reason", .string(judgment.rawValue)))
            }
        } else {
            members.append(JsonMember("resumed", false))
        }
        if let url = to.resumeURL { members.append(JsonMember("resumeUrl", .string(url))) }
        return members
    }
}
