import Fleet
import Testing
import WireFormats

/// Captured events and the typed events that were made of them.
enum EventLikeness {
    /// Compares one member of the sample with the typed event.
    static func expect(_ field: JsonMember, in event: CeleryEvent) {
        let found: JsonValue?
        switch event {
        case .task(let task): found = value(field.name, of: task)
        case .worker(let worker): found = value(field.name, of: worker)
        }
        guard let found else { return }
        if let number = field.value.double {
            #expect(found.double == number, "\(field.name)")
        } else {
            #expect(found == field.value, "\(field.name)")
        }
    }

    private static func text(_ text: String?) -> JsonValue { text.map(JsonValue.string) ?? .null }

    private static func value(_ name: String, of origin: EventOrigin) -> JsonValue? {
        switch name {
        case "hostname": .string(origin.hostname)
        case "timestamp": .number(origin.timestamp)
        case "utcoffset": .number(origin.utcOffset)
        case "pid": .integer(Int64(origin.pid))
        case "clock": .integer(origin.clock)
        default: nil
        }
    }

    private static func value(_ name: String, of task: TaskEvent) -> JsonValue? {
        switch name {
        case "uuid": .string(task.uuid)
        case "name": text(task.name)
        case "args": text(task.args)
        case "kwargs": text(task.kwargs)
        case "root_id": text(task.rootID)
        case "parent_id": text(task.parentID)
        case "retries": task.retries.map { .integer(Int64($0)) } ?? .null
        case "eta": text(task.eta)
        case "expires": text(task.expires)
        case "queue": text(task.queue)
        case "exchange": text(task.exchange)
        case "routing_key": text(task.routingKey)
        case "result": text(task.result)
        case "runtime": task.runtime.map(JsonValue.number) ?? .null
        case "exception": text(task.exception)
        case "traceback": text(task.traceback)
        case "terminated": task.terminated.map(JsonValue.bool) ?? .null
        case "expired": task.expired.map(JsonValue.bool) ?? .null
        case "requeue": task.requeue.map(JsonValue.bool) ?? .null
        default: value(name, of: task.origin)
        }
    }

    private static func value(_ name: String, of worker: WorkerEvent) -> JsonValue? {
        switch name {
        case "freq": worker.freq.map(JsonValue.number) ?? .null
        case "active": worker.active.map { .integer(Int64($0)) } ?? .null
        case "processed": worker.processed.map { .integer(Int64($0)) } ?? .null
        case "loadavg": .array((worker.loadavg ?? []).map(JsonValue.number))
        case "sw_ident": text(worker.software)
        case "sw_ver": text(worker.version)
        case "sw_sys": text(worker.platform)
        default: value(name, of: worker.origin)
        }
    }
}
