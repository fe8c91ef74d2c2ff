import Fleet
import Foundation
import Testing

/// The vectors were made with `celery.events.state.State` 5.7.0.
@Suite struct FlowerVectorTests {
    static let vectors: [String: Vector] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/celery/state_vectors.json")
        guard let data = try? Data(contentsOf: file),
            let root = try? JSONDecoder().decode(Root.self, from: data)
        else { return [:] }
        return root.sample
    }()

    @Test func `there are vectors`() {
        #expect(Self.vectors.count == 27)
    }

    @Test(arguments: FlowerVectorTests.vectors.keys.sorted())
    func `the flower view agrees with State field by field`(name: String) throws {
        let vector = try #require(Self.vectors[name])
        var flower = FlowerState()

        var states: [String] = []
        for fields in vector.events {
            let event = try #require(fields.event)
            let received = try #require(fields["local_received"]?.number)
            flower.apply(event, receivedAt: received)
            if case .task(let task) = event {
                states.append(try #require(flower.task(task.uuid)).state)
            }
        }

        #expect(states == vector.stateAfterEach)
        #expect(Set(flower.taskIDs) == Set(vector.tasks.keys))
        for (id, expected) in vector.tasks {
            let actual = try #require(flower.task(id)).fields
            #expect(actual == expected.withoutNulls, "task \(id)")
        }
        #expect(Set(flower.workerNames) == Set(vector.workers.keys))
        for (id, expected) in vector.workers {
            let actual = try #require(flower.worker(id)).fields
            #expect(actual == expected.withoutNulls, "worker \(id)")
        }
    }

    @Test func `children are linked in either order of arrival`() throws {
        var flower = FlowerState()
        flower.apply(Make.task(.received, "child", at: 1) { $0.parentID = "parent" }, receivedAt: 1)
        flower.apply(Make.task(.received, "parent", at: 2), receivedAt: 2)
        flower.apply(Make.task(.received, "late", at: 3) { $0.parentID = "parent" }, receivedAt: 3)

        #expect(try #require(flower.task("parent")).children == ["child", "late"])
    }

    @Test func `the view keeps as many tasks as it may and no more`() {
        var flower = FlowerState(maximumTasks: 10, maximumWorkers: 3)
        for number in 0..<11 {
            flower.apply(
                Make.task(.received, "u\(number)", at: Double(number), on: "w\(number)@h"),
                receivedAt: Double(number))
            #expect(flower.taskIDs.count == min(number + 1, 10))
            #expect(flower.workerNames.count == min(number + 1, 3))
        }

        #expect(flower.task("u0") == nil)
        #expect(flower.task("u1") != nil)
    }
}

struct Root: Decodable, Sendable {
    var sample: [String: Vector]
}

struct Vector: Decodable, Sendable {
    var events: [[String: JSON]]
    var stateAfterEach: [String]
    var tasks: [String: JSON]
    var workers: [String: JSON]

    enum CodingKeys: String, CodingKey {
        case events, tasks, workers
        case stateAfterEach = "state_after_each"
    }
}

/// JSON as a value, numbers as doubles.
indirect enum JSON: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    init(_ number: Double?) { self = number.map { .number($0) } ?? .null }
    init(_ bool: Bool?) { self = bool.map { .bool($0) } ?? .null }

    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// `null` in Celery's record and "not known" in ours are one thing.
    var withoutNulls: JSON {
        guard case .object(let fields) = self else { return self }
        return .object(fields.filter { $0.value != .null }.mapValues(\.withoutNulls))
    }
}

extension [String: JSON] {
    /// The typed event that our decoder makes of these fields.
    var event: CeleryEvent? {
        guard let type = self["type"]?.text, let host = self["hostname"]?.text,
            let time = self["timestamp"]?.number
        else { return nil }
        let origin = EventOrigin(
            hostname: host, timestamp: time, utcOffset: self["utcoffset"]?.number ?? 0,
            pid: Int(self["pid"]?.number ?? 0), clock: Int64(self["clock"]?.number ?? 0))
        let subject = String(type.drop { $0 != "-" }.dropFirst())
        if type.hasPrefix("worker-") { return .worker(workerEvent(subject, origin)) }
        return .task(taskEvent(subject, origin))
    }

    private func workerEvent(_ subject: String, _ origin: EventOrigin) -> WorkerEvent {
        let kinds: [String: WorkerEvent.Kind] = [
            "online": .online, "heartbeat": .heartbeat, "offline": .offline,
        ]
        var event = WorkerEvent(kinds[subject] ?? .other(subject), origin: origin)
        event.freq = self["freq"]?.number
        event.active = self["active"]?.number.map { Int($0) }
        event.processed = self["processed"]?.number.map { Int($0) }
        if case .array(let values)? = self["loadavg"] {
            event.loadavg = values.compactMap(\.number)
        }
        event.software = self["sw_ident"]?.text
        event.version = self["sw_ver"]?.text
        event.platform = self["sw_sys"]?.text
        return event
    }

    private func taskEvent(_ subject: String, _ origin: EventOrigin) -> TaskEvent {
        let kinds: [String: TaskEvent.Kind] = [
            "sent": .sent, "received": .received, "started": .started, "succeeded": .succeeded,
            "failed": .failed, "retried": .retried, "revoked": .revoked, "rejected": .rejected,
            "cancelled": .cancelled,
        ]
        var event = TaskEvent(
            kinds[subject] ?? .custom(subject), uuid: self["uuid"]?.text ?? "", origin: origin)
        event.name = self["name"]?.text
        event.args = self["args"]?.text
        event.kwargs = self["kwargs"]?.text
        event.rootID = self["root_id"]?.text
        event.parentID = self["parent_id"]?.text
        event.retries = self["retries"]?.number.map { Int($0) }
        event.eta = self["eta"]?.text
        event.expires = self["expires"]?.text
        event.queue = self["queue"]?.text
        event.exchange = self["exchange"]?.text
        event.routingKey = self["routing_key"]?.text
        event.result = self["result"]?.text
        event.runtime = self["runtime"]?.number
        event.exception = self["exception"]?.text
        event.traceback = self["traceback"]?.text
        event.terminated = self["terminated"]?.bool
        event.signum = self["signum"]?.number.map { String(Int($0)) } ?? self["signum"]?.text
        event.expired = self["expired"]?.bool
        event.requeue = self["requeue"]?.bool
        let own = ["current", "total"].compactMap { key in
            self[key]?.number.map { "\"\(key)\": \(Int($0))" }
        }
        if !own.isEmpty { event.extra = "{" + own.joined(separator: ", ") + "}" }
        return event
    }
}

extension FlowerTask {
    /// The record in the shape of the vectors.
    var fields: JSON {
        var own: [String: JSON] = [
            "pid": JSON(pid.map(Double.init)), "utcoffset": JSON(utcOffset), "type": JSON(type),
            "local_received": JSON(localReceived), "terminated": JSON(terminated),
            "signum": JSON(signum.flatMap(Double.init)), "expired": JSON(expired),
            "requeue": JSON(requeue),
        ]
        for (name, value) in custom { own[name] = JSON(Double(value)) }
        return JSON.object([
            "uuid": JSON(uuid), "name": JSON(name), "state": JSON(state), "sent": JSON(sent),
            "received": JSON(received), "started": JSON(started), "succeeded": JSON(succeeded),
            "failed": JSON(failed), "retried": JSON(retried), "revoked": JSON(revoked),
            "rejected": JSON(rejected), "args": JSON(args), "kwargs": JSON(kwargs),
            "eta": JSON(eta), "expires": JSON(expires), "retries": JSON(retries.map(Double.init)),
            "result": JSON(result), "exception": JSON(exception), "timestamp": JSON(timestamp),
            "runtime": JSON(runtime), "traceback": JSON(traceback), "exchange": JSON(exchange),
            "routing_key": JSON(routingKey), "clock": JSON(Double(clock)), "client": JSON(client),
            "root_id": JSON(rootID), "parent_id": JSON(parentID), "hostname": JSON(hostname),
            "queue": JSON(queue), "worker": JSON(worker), "custom_fields": .object(own),
        ]).withoutNulls
    }
}

extension FlowerWorker {
    /// The record in the shape of the vectors.
    var fields: JSON {
        JSON.object([
            "hostname": JSON(hostname), "pid": JSON(pid.map(Double.init)), "freq": JSON(freq),
            "heartbeats": .array(heartbeats.map { .number($0) }), "clock": JSON(Double(clock)),
            "active": JSON(active.map(Double.init)), "processed": JSON(processed.map(Double.init)),
            "loadavg": loadavg.map { .array($0.map { .number($0) }) } ?? .null,
            "sw_ident": JSON(software), "sw_ver": JSON(version), "sw_sys": JSON(platform),
        ]).withoutNulls
    }
}
