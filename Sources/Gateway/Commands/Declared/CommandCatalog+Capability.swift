internal import Fleet

extension CommandCatalog {
    /// What a worker cannot do, and why: `"<commands>: <reason>"`, those of one reason together. A
    /// command with an argument that it cannot follow is `<command>+<argument>`.
    static func lacks(of worker: WorkerRecord) -> [String] {
        var reasons: [String] = []
        var commands: [[String]] = []
        func note(_ command: String, _ needs: [CommandNeed]) {
            for need in needs {
                guard let lack = need.lack(of: worker) else { continue }
                if let place = reasons.firstIndex(of: lack.reason) {
                    commands[place].append(command)
                } else {
                    reasons.append(lack.reason)
                    commands.append([command])
                }
                return
            }
        }
        for (command, needs) in demanding { note(command, needs) }
        return zip(commands, reasons).map { "\($0.joined(separator: " ")): \($1)" }
    }

    /// Commands, and commands with an argument, that not every worker can do.
    private static let demanding: [(String, [CommandNeed])] = all.flatMap { command in
        [(command.name, command.needs)]
            + command.parameters.map { ("\(command.name)+\($0.name)", $0.needs) }
    }.filter { !$0.1.isEmpty }
}

extension WorkerRecord {
    /// Whether it cannot answer before its running task has ended: solo does one thing at a time.
    var answersLate: Bool { pool == "solo" && active > 0 && health != .offline }
}
