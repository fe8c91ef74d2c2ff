internal import WireFormats

/// What workers answered to commands that ask, such as `worker.report`: too large for a row, and only
/// of use to who asked; kept in memory, the oldest command's go first.
struct CommandAnswers {
    private var byCommand: [String: [JsonMember]] = [:]
    private var order: [String] = []
    private var sizes: [String: Int] = [:]

    /// Keeps one worker's answer.
    ///
    /// - Returns: whether there was room for it.
    @discardableResult
    mutating func keep(_ value: JsonValue, of worker: String, to command: String) -> Bool {
        let size = value.text().utf8.count
        let total = (sizes[command] ?? 0) + size
        guard size <= CommandLimits.answerBytes, total <= CommandLimits.answersBytes else {
            return false
        }
        if byCommand[command] == nil {
            order.append(command)
            if order.count > CommandLimits.answeredCommands {
                let oldest = order.removeFirst()
                byCommand[oldest] = nil
                sizes[oldest] = nil
            }
        }
        sizes[command] = total
        byCommand[command, default: []].append(JsonMember(worker, value))
        return true
    }

    /// The answers to a command by worker; `nil` if none are kept.
    subscript(command: String) -> JsonValue? {
        byCommand[command].map(JsonValue.object)
    }
}
