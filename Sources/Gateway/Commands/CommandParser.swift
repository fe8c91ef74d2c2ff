internal import WireFormats

/// Turns the arguments of `cmd.submit` into a ``CommandSpec``: every field has a type, a bound and an
/// error that says what is wrong and how to mend it.
struct CommandParser {
    private let args: JsonValue
    private let known: Set<String>

    /// Reads a command.
    ///
    /// - Parameters:
    ///   - name: such as `queue.purge`.
    ///   - args: an object, or null for none.
    ///   - expect: the client's preconditions (R41), or null.
    ///   - taskID: the id a `task.run` gets.
    /// - Returns: what is asked for.
    /// - Throws: the first fault.
    static func parse(
        _ name: String, args: JsonValue, expect: JsonValue, taskID: String
    ) throws(CommandFault) -> CommandSpec {
        guard args.object != nil || args.isNull else {
            throw CommandFault(.invalid, "args must be an object")
        }
        let spec: CommandSpec
        switch name {
        case "task.run": spec = .run(try run(args, taskID))
        case "task.revoke": spec = .revoke(try revoke(args))
        case "queue.purge": spec = try purge(args, expect)
        case "worker.restart":
            spec = .restart(workers: try Self(args, ["workers"]).names("workers"))
        case "worker.shutdown":
            spec = .shutdown(workers: try Self(args, ["workers"]).names("workers"))
        default:
            throw CommandFault(
                .unknownCommand,
                "unknown command \(name.prefix(60)); known: task.run, task.revoke, queue.purge, "
                    + "worker.restart, worker.shutdown")
        }
        return spec
    }

    private static func run(_ args: JsonValue, _ taskID: String) throws(CommandFault) -> RunSpec {
        let reader = Self(
            args,
            [
                "task", "args", "kwargs", "queue", "priority", "countdown", "eta", "expires",
                "softTimeLimit", "timeLimit",
            ])
        try reader.refuseUnknown()
        var spec = RunSpec(task: try reader.name("task"), id: taskID)
        if let value = reader["args"] {
            guard let array = value.array else {
                throw .argument("args", "must be an array of positional arguments")
            }
            spec.args = array
        }
        if let value = reader["kwargs"] {
            guard let object = value.object else {
                throw .argument("kwargs", "must be an object of keyword arguments")
            }
            spec.kwargs = object
        }
        if reader["queue"] != nil { spec.queue = try reader.name("queue") }
        if let value = reader["priority"] {
            guard let priority = value.integer, 0...9 ~= priority else {
                throw .argument("priority", "must be a whole number from 0 (most urgent) to 9")
            }
            spec.priority = Int(priority)
        }
        if reader["countdown"] != nil {
            guard reader["eta"] == nil else {
                throw .argument("countdown", "and args.eta exclude each other")
            }
            spec.eta = .after(try reader.seconds("countdown", 0...yearSeconds))
        } else if reader["eta"] != nil {
            spec.eta = .at(try reader.instant("eta"))
        }
        if let value = reader["expires"] {
            spec.expires =
                value.string == nil
                ? .after(try reader.seconds("expires", 0...yearSeconds))
                : .at(try reader.instant("expires"))
        }
        if reader["softTimeLimit"] != nil {
            spec.softTimeLimit = try reader.seconds("softTimeLimit", 0.001...yearSeconds)
        }
        if reader["timeLimit"] != nil {
            spec.timeLimit = try reader.seconds("timeLimit", 0.001...yearSeconds)
        }
        if let soft = spec.softTimeLimit, let hard = spec.timeLimit, soft > hard {
            throw .argument("softTimeLimit", "must not be above args.timeLimit")
        }
        return spec
    }

    private static func revoke(_ args: JsonValue) throws(CommandFault) -> RevokeSpec {
        let reader = Self(args, ["id", "ids", "terminate", "signal"])
        try reader.refuseUnknown()
        var ids: [String]
        if reader["id"] != nil {
            guard reader["ids"] == nil else {
                throw .argument("id", "and args.ids exclude each other")
            }
            ids = [try reader.name("id")]
        } else {
            ids = try reader.names("ids")
        }
        let terminate = try reader.flag("terminate") ?? false
        var signal = "SIGTERM"
        if let value = reader["signal"] {
            guard terminate else {
                throw .argument("signal", "needs args.terminate = true")
            }
            guard let text = value.string, RevokeSpec.signals.contains(text) else {
                throw .argument(
                    "signal", "must be one of \(RevokeSpec.signals.joined(separator: ", "))")
            }
            signal = text
        }
        return RevokeSpec(ids: ids, terminate: terminate, signal: signal)
    }

    private static func purge(
        _ args: JsonValue, _ expect: JsonValue
    ) throws(CommandFault) -> CommandSpec {
        let reader = Self(args, ["queue"])
        try reader.refuseUnknown()
        var most: Int?
        if let value = expect["messagesMax"], !value.isNull {
            guard let number = value.integer, number >= 0 else {
                throw CommandFault(.invalid, "expect.messagesMax must be a whole number from 0 up")
            }
            most = Int(number)
        }
        return .purge(queue: try reader.name("queue"), messagesMax: most)
    }

    // MARK: - Fields

    private static let yearSeconds: Double = 366 * 86_400

    private init(_ args: JsonValue, _ known: Set<String>) {
        self.args = args
        self.known = known
    }

    private subscript(_ name: String) -> JsonValue? {
        guard let value = args[name], !value.isNull else { return nil }
        return value
    }

    private func refuseUnknown() throws(CommandFault) {
        for member in args.object ?? [] where !known.contains(member.name) {
            throw .argument(
                String(member.name.prefix(60)),
                "is not known; known: \(known.sorted().joined(separator: ", "))")
        }
    }

    private func name(_ field: String) throws(CommandFault) -> String {
        guard let text = self[field]?.string else {
            throw .argument(field, "must be a text")
        }
        return try Self.checked(text, field)
    }

    private func names(_ field: String) throws(CommandFault) -> [String] {
        try refuseUnknown()
        guard let values = self[field]?.array, !values.isEmpty else {
            throw .argument(field, "must be an array of at least one name")
        }
        guard values.count <= CommandLimits.targets else {
            throw CommandFault(
                .tooLarge, "args.\(field) names \(values.count); at most \(CommandLimits.targets)")
        }
        var names: [String] = []
        for value in values {
            guard let text = value.string else { throw .argument(field, "must hold texts only") }
            names.append(try Self.checked(text, field))
        }
        guard Set(names).count == names.count else {
            throw .argument(field, "names something twice")
        }
        return names
    }

    private static func checked(_ text: String, _ field: String) throws(CommandFault) -> String {
        guard !text.isEmpty, text.utf8.count <= CommandLimits.nameBytes else {
            throw .argument(field, "must be 1 to \(CommandLimits.nameBytes) bytes long")
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw .argument(field, "must not hold control characters")
        }
        return text
    }

    private func flag(_ field: String) throws(CommandFault) -> Bool? {
        guard let value = self[field] else { return nil }
        guard let flag = value.bool else { throw .argument(field, "must be true or false") }
        return flag
    }

    private func seconds(
        _ field: String, _ range: ClosedRange<Double>
    ) throws(CommandFault) -> Double {
        guard let value = self[field]?.double, range.contains(value) else {
            throw .argument(
                field, "must be seconds from \(range.lowerBound) to \(Int(range.upperBound))")
        }
        return value
    }

    /// ISO 8601 with a zone: without one, Celery would read it in the worker's zone.
    private func instant(_ field: String) throws(CommandFault) -> String {
        guard let text = self[field]?.string, isInstant(text) else {
            throw .argument(
                field, "must be a time such as 2026-11-23T20:15:00Z or 2026-11-23T21:15:00+01:00")
        }
        return text
    }
}

/// Whether a text is an ISO 8601 instant with a zone, as `datetime.fromisoformat` reads it.
func isInstant(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let pattern = Array("dddd-dd-ddTdd:dd:dd".utf8)
    guard bytes.count > pattern.count, bytes.count <= 35 else { return false }
    func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    for (byte, expected) in zip(bytes, pattern) {
        let matches = expected == UInt8(ascii: "d") ? isDigit(byte) : byte == expected
        guard matches else { return false }
    }
    func number(_ start: Int, _ count: Int) -> Int {
        bytes[start..<start + count].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
    let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year >= 1, 1...12 ~= month, 1...lengths[month - 1] ~= day,
        number(11, 2) < 24, number(14, 2) < 60, number(17, 2) < 60
    else { return false }
    var rest = bytes[pattern.count...]
    if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        let digits = rest.prefix(while: isDigit).count
        guard digits == 3 || digits == 6 else { return false }
        rest = rest.dropFirst(digits)
    }
    if rest.elementsEqual("Z".utf8) { return true }
    guard rest.count == 6, let sign = rest.first,
        sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
    else { return false }
    let zone = Array(rest.dropFirst())
    guard isDigit(zone[0]), isDigit(zone[1]), zone[2] == UInt8(ascii: ":"), isDigit(zone[3]),
        isDigit(zone[4])
    else { return false }
    let hours = Int(zone[0] - 48) * 10 + Int(zone[1] - 48)
    let minutes = Int(zone[3] - 48) * 10 + Int(zone[4] - 48)
    return hours < 24 && minutes < 60
}
