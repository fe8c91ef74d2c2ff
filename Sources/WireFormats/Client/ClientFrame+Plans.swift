extension ClientFrame {
    /// Reads `{cmd, where}` or `{plan, offset}`.
    package static func plan(_ params: JsonValue) throws(FrameFault) -> PlanRequest {
        if let plan = params["plan"], !plan.isNull {
            guard let token = plan.string, token.utf8.count <= ClientProtocol.stringBytes else {
                throw FrameFault(.invalidParams, "plan must be a text")
            }
            let offset = params["offset"] ?? 0
            guard let number = offset.integer, 0...ClientProtocol.largestInteger ~= number else {
                throw FrameFault(.invalidParams, "offset must be a whole number from 0 up")
            }
            return .read(plan: token, offset: Int(number))
        }
        guard let command = params["cmd"]?.string, command.utf8.count <= ClientProtocol.nameBytes
        else { throw FrameFault(.invalidParams, "cmd must be the name of a command") }
        // A filter that was forgotten must not mean everything.
        guard let filter = try filter(params["where"]) else {
            throw FrameFault(.badFilter, "where must be a filter; [\"and\"] for all tasks")
        }
        return .make(command: command, filter: filter)
    }
}
