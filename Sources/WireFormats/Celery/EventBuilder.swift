import Fleet

/// Builds typed events from the members that `EventFields` found.
struct EventBuilder {
    /// Why the last object that was no event was none.
    private(set) var reason: StaticString?
    /// Objects that were no events, since `reset`.
    private(set) var refused = 0
    /// Events about neither tasks nor workers, since `reset`.
    private(set) var ignored = 0
    private var names = InternTable(places: CeleryLimits.knownNames)
    private var keywordTexts = InternTable(places: CeleryLimits.knownNames)
    /// A task has some four events, often in a row: its id is one string in all of them, which is made once,
    /// and compared by its address.
    private var ids = InternTable(places: CeleryLimits.knownIDs)
    private var extras: [EventFields.Extra] = []
    private let redactor: Redactor

    /// Makes a builder.
    init(_ redactor: Redactor) {
        self.redactor = redactor
    }

    /// Starts counting anew.
    mutating func reset() {
        reason = nil
        refused = 0
        ignored = 0
    }

    /// Counts something that is no event.
    mutating func refuse(_ text: StaticString) {
        reason = text
        refused += 1
    }

    /// Reads the object at the cursor and appends its event, or counts why it is none.
    @inline(__always)
    mutating func append(
        _ scanner: inout JsonScanner, depth: Int, to events: inout [CeleryEvent]
    ) throws(JsonError) {
        extras.removeAll(keepingCapacity: true)
        let fields = try EventFields.scan(&scanner, depth: depth, extras: &extras)
        guard fields.type.isString, fields.type.count <= CeleryLimits.maxNameBytes else {
            return refuse("an event without a type")
        }
        guard let origin = try origin(fields, scanner) else { return }
        if scanner.hasPrefix(fields.type, "task-") {
            guard try hasTaskID(fields, scanner) else { return }
            // Not by way of a variable: an event that comes as a value is moved, not copied.
            events.append(.task(try task(fields, origin, scanner)))
        } else if scanner.hasPrefix(fields.type, "worker-") {
            events.append(.worker(try worker(fields, origin, scanner)))
        } else {
            ignored += 1
        }
    }

    @inline(__always)
    private mutating func origin(
        _ fields: EventFields, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> EventOrigin? {
        guard fields.hostname.isString, fields.hostname.count > 0 else {
            refuse("an event without a host name")
            return nil
        }
        guard let timestamp = scanner.double(fields.timestamp),
            timestamp >= 0, timestamp <= CeleryLimits.maxTimestamp
        else {
            refuse("an event without a usable time")
            return nil
        }
        let offset = scanner.double(fields.utcoffset) ?? 0
        return EventOrigin(
            hostname: try name(fields.hostname, scanner), timestamp: timestamp,
            utcOffset: abs(offset) <= 24 ? offset : 0,
            pid: Int(scanner.integer(fields.pid) ?? 0), clock: scanner.integer(fields.clock) ?? 0)
    }

    /// Whether an event has a task id that is none too long; counts why not.
    @inline(__always)
    private mutating func hasTaskID(
        _ fields: EventFields, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> Bool {
        guard fields.uuid.isString, fields.uuid.count > 0 else {
            refuse("a task event without a task id")
            return false
        }
        guard fields.uuid.count > CeleryLimits.maxIDBytes else { return true }
        guard try scanner.text(fields.uuid).utf8.count <= CeleryLimits.maxIDBytes else {
            refuse("a task id that is too long")
            return false
        }
        return true
    }

    @inline(__always)
    private mutating func task(
        _ fields: EventFields, _ origin: EventOrigin, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> TaskEvent {
        let uuid = try id(fields.uuid, scanner)
        let kind = try kind(fields.type, scanner)
        let rest = try rest(of: kind, fields, scanner)
        var result: String?
        var runtime: Double?
        switch kind {
        case .received, .started, .sent: break
        default:
            if fields.result.isValue { result = try repr(fields.result, scanner) }
            runtime = seconds(fields.runtime, scanner)
        }
        return TaskEvent(
            kind, uuid: uuid, origin: origin,
            name: fields.name.isValue ? try optionalName(fields.name, scanner) : nil,
            args: fields.args.isValue ? try repr(fields.args, scanner) : nil,
            kwargs: fields.kwargs.isValue ? try keywords(fields.kwargs, scanner) : nil,
            rootID: try relative(fields.rootID, of: uuid, fields, scanner),
            parentID: try relative(fields.parentID, of: uuid, fields, scanner),
            retries: count(fields.retries, scanner), result: result, runtime: runtime, rest: rest)
    }

    /// The id of a root or parent; of a task that is its own, the same string.
    @inline(__always)
    private mutating func relative(
        _ slice: JsonSlice, of uuid: String, _ fields: EventFields,
        _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String? {
        guard slice.isString else { return nil }
        if scanner.equal(slice, fields.uuid) { return uuid }
        guard slice.count <= CeleryLimits.maxIDBytes else {
            return try scanner.text(slice, limit: CeleryLimits.maxIDBytes)
        }
        return try id(slice, scanner)
    }

    /// The id of a task, which is text of a length that was looked at.
    @inline(__always)
    private mutating func id(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String {
        slice.kind == .plainString ? ids.text(slice, scanner) : try scanner.text(slice)
    }

    /// Keyword arguments: tasks of one kind mostly have the same, and then share one text.
    @inline(__always)
    private mutating func keywords(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String {
        if slice.kind == .plainString, slice.count <= CeleryLimits.maxReprBytes {
            return keywordTexts.text(slice, scanner) { redactor.redacted($0) }
        }
        return try repr(slice, scanner)
    }

    /// What only few events have; nil if this one has none of it.
    @inline(__always)
    private mutating func rest(
        of kind: TaskEvent.Kind, _ fields: EventFields, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> TaskEvent.Rest? {
        switch kind {
        case .received, .started, .succeeded:
            guard fields.eta.isValue || fields.expires.isValue else { return nil }
        default: break
        }
        return try fullRest(of: kind, fields, scanner)
    }

    @inline(never)
    private mutating func fullRest(
        of kind: TaskEvent.Kind, _ fields: EventFields, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> TaskEvent.Rest {
        var rest = TaskEvent.Rest()
        if fields.eta.isValue { rest.eta = try text(fields.eta, scanner) }
        if fields.expires.isValue { rest.expires = try text(fields.expires, scanner) }
        switch kind {
        case .received, .started, .succeeded: break
        case .sent: try addRoute(&rest, fields, scanner)
        default: try addOutcome(&rest, of: kind, fields, scanner)
        }
        return rest
    }

    private mutating func addRoute(
        _ rest: inout TaskEvent.Rest, _ fields: EventFields, _ scanner: borrowing JsonScanner
    ) throws(JsonError) {
        if fields.queue.isValue { rest.queue = try optionalName(fields.queue, scanner) }
        if fields.exchange.isValue { rest.exchange = try optionalName(fields.exchange, scanner) }
        if fields.routingKey.isValue {
            rest.routingKey = try optionalName(fields.routingKey, scanner)
        }
    }

    /// Failed, retried, revoked, rejected, cancelled and custom events: whatever fields they have.
    private mutating func addOutcome(
        _ rest: inout TaskEvent.Rest, of kind: TaskEvent.Kind, _ fields: EventFields,
        _ scanner: borrowing JsonScanner
    ) throws(JsonError) {
        try addRoute(&rest, fields, scanner)
        if fields.exception.isValue { rest.exception = try repr(fields.exception, scanner) }
        if fields.traceback.isValue {
            rest.traceback = redactor.redacted(
                try text(fields.traceback, scanner, limit: CeleryLimits.maxTracebackBytes))
        }
        rest.terminated = bool(fields.terminated)
        rest.expired = bool(fields.expired)
        rest.requeue = bool(fields.requeue)
        if fields.signum.isValue { rest.signum = try text(fields.signum, scanner) }
        if case .custom = kind, !extras.isEmpty { rest.extra = try extraText(scanner) }
    }

    private func kind(
        _ type: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> TaskEvent.Kind {
        if scanner.matches(type, "task-received") { return .received }
        if scanner.matches(type, "task-started") { return .started }
        if scanner.matches(type, "task-succeeded") { return .succeeded }
        if scanner.matches(type, "task-sent") { return .sent }
        if scanner.matches(type, "task-failed") { return .failed }
        if scanner.matches(type, "task-retried") { return .retried }
        if scanner.matches(type, "task-revoked") { return .revoked }
        if scanner.matches(type, "task-rejected") { return .rejected }
        if scanner.matches(type, "task-cancelled") { return .cancelled }
        return .custom(try scanner.text(scanner.dropFirst(5, of: type)))
    }

    @inline(never)
    private mutating func worker(
        _ fields: EventFields, _ origin: EventOrigin, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> WorkerEvent {
        var kind = WorkerEvent.Kind.heartbeat
        if scanner.matches(fields.type, "worker-online") {
            kind = .online
        } else if scanner.matches(fields.type, "worker-offline") {
            kind = .offline
        } else if !scanner.matches(fields.type, "worker-heartbeat") {
            kind = .other(try scanner.text(scanner.dropFirst(7, of: fields.type)))
        }
        var event = WorkerEvent(kind, origin: origin)
        event.freq = seconds(fields.freq, scanner)
        event.active = count(fields.active, scanner)
        event.processed = count(fields.processed, scanner)
        event.loadavg = try loadavg(fields.loadavg, scanner)
        if fields.software.isString { event.software = try name(fields.software, scanner) }
        if fields.version.isString { event.version = try name(fields.version, scanner) }
        if fields.platform.isString { event.platform = try name(fields.platform, scanner) }
        return event
    }

    private func loadavg(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> [Double]? {
        guard slice.kind == .array else { return nil }
        return try scanner.scan(slice) { (list) throws(JsonError) -> [Double]? in
            var numbers: [Double] = []
            numbers.reserveCapacity(3)
            try list.enter(UInt8(ascii: "["))
            var isFirst = true
            while try list.nextElement(&isFirst) {
                let element = try list.scanValue(depth: 1)
                guard numbers.count < 3, let number = list.double(element), number.isFinite else {
                    return nil
                }
                numbers.append(number)
            }
            return numbers.count == 3 ? numbers : nil
        }
    }

    /// The extra members as the text of a JSON object; those that would make it too long are left out.
    private func extraText(_ scanner: borrowing JsonScanner) throws(JsonError) -> String? {
        var parts: [String] = []
        var size = 2
        for extra in extras where extra.name.count + extra.value.count <= CeleryLimits.maxExtraBytes
        {
            // Read and written again, so that Python's NaN does not come out.
            let name = try scanner.text(extra.name)
            let member: JsonValue = .object([
                JsonMember(name, redactor.redacted(try value(extra.value, scanner), name: name))
            ])
            let text = member.text().dropFirst().dropLast()
            guard size + text.utf8.count + 1 <= CeleryLimits.maxExtraBytes else { continue }
            size += text.utf8.count + 1
            parts.append(String(text))
        }
        return parts.isEmpty ? nil : "{" + parts.joined(separator: ",") + "}"
    }

    private func value(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> JsonValue {
        if slice.isString { return .string(try scanner.text(slice)) }
        return try scanner.scan(slice) { (inner) throws(JsonError) -> JsonValue in
            try JsonReader.read(&inner, .celery, depth: 0)
        }
    }

    @inline(__always)
    private mutating func name(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String {
        if slice.kind == .plainString, slice.count <= CeleryLimits.maxNameBytes {
            return names.text(slice, scanner)
        }
        return try scanner.text(slice, limit: CeleryLimits.maxNameBytes)
    }

    @inline(__always)
    private mutating func optionalName(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String? {
        slice.isString ? try name(slice, scanner) : nil
    }

    /// A text of a user.
    @inline(__always)
    private func repr(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner
    ) throws(JsonError) -> String {
        redactor.redacted(try text(slice, scanner, limit: CeleryLimits.maxReprBytes))
    }

    /// Text; another kind of value (hand-made messages have such) as its JSON text.
    @inline(__always)
    private func text(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner,
        limit: Int = CeleryLimits.maxNameBytes
    ) throws(JsonError) -> String {
        if slice.isString { return try scanner.text(slice, limit: limit) }
        return scanner.rawText(scanner.prefix(limit, of: slice))
    }

    @inline(__always)
    private func count(_ slice: JsonSlice, _ scanner: borrowing JsonScanner) -> Int? {
        guard let value = scanner.integer(slice), value >= 0 else { return nil }
        return Int(value)
    }

    @inline(__always)
    private func seconds(_ slice: JsonSlice, _ scanner: borrowing JsonScanner) -> Double? {
        guard let value = scanner.double(slice), value >= 0, value <= CeleryLimits.maxTimestamp
        else { return nil }
        return value
    }

    @inline(__always)
    private func bool(_ slice: JsonSlice) -> Bool? {
        slice.kind == .true ? true : slice.kind == .false ? false : nil
    }
}
