import Testing
import WireFormats
import WorkerRules

@testable import Gateway

/// Whatever a client asks for, no message that harms a worker comes out (wire.md 6: workers exit, hang
/// or put the message back for the next worker).
@Suite struct CommandSafetyTests {
    @Test(arguments: CommandCatalog.all.map(\.name))
    func `whatever is asked for, no message that harms a worker is sent`(name: String) throws {
        let command = try CommandCatalog.command(name)
        var generator = WildValues(seed: 11)
        var sent = 0
        for _ in 0..<1_500 {
            let args = generator.arguments(for: command.allParameters)
            let expect = generator.arguments(for: command.expectations)
            do throws(CommandFault) {
                let spec = try CommandSpec(name, args: args, expect: expect, newID: { "id-\($0)" })
                let effect = try Effect(
                    runnable(spec.action), workers: ["a@h"], queues: ["q1", "q2"],
                    settings: CelerySettings(database: 0),
                    origin: "celeriac@h", now: 1_800_000_000)
                sent += 1
                check(effect)
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
        #expect(sent > 25, "\(name): only \(sent) were sent")
    }

    /// A retry becomes a run with what is known of the first one; here with what was asked for.
    private func runnable(_ action: CommandAction) -> CommandAction {
        if case .planned(let planned) = action { return looked(up: planned) }
        if case .restore(var restore) = action {
            restore.queue = "mail"
            return .restore(restore)
        }
        guard case .retry(let retry) = action else { return action }
        var run = RunSpec(task: retry.task ?? "t", id: retry.newID)
        run.args = retry.args ?? []
        run.kwargs = retry.kwargs ?? []
        run.queue = retry.queue ?? run.queue
        run.eta = retry.eta
        return .run(run)
    }

    /// A plan's tasks have ids from events, which may be anything.
    private func looked(up planned: PlannedSpec) -> CommandAction {
        let ids = ["a", "my id/with:odd*chars", String(repeating: "n", count: 255)]
        switch planned.act {
        case .revoke(let terminate, let signal):
            return .revoke(
                RevokeSpec(ids: ids, terminate: terminate, signal: signal, isPlanned: true))
        case .retry(let queue, let eta):
            let items = ids.map { id in
                var run = RunSpec(task: "t", id: "new-\(id)")
                run.queue = queue ?? run.queue
                run.eta = eta
                return RerunSpec.Item(id: id, run: run)
            }
            return .rerun(RerunSpec(items: items, refused: [:]))
        }
    }

    private func check(_ publication: Publication) throws {
        for push in publication.pushes {
            let queue = try #require(QueueKeys.parse(key: push.key)).queue
            try WorkerRules.checkTask(push.message, queue: queue)
        }
        for event in publication.events { try WorkerRules.checkEvent(event) }
    }

    private func check(_ method: ControlMethod, _ destination: [String]) throws {
        let payload = try ControlMessage(
            method, destination: destination, reply: nil, deliveryTag: "d"
        ).encoded()
        try WorkerRules.checkControl(payload)
    }

    private func checkIsQueue(_ name: String) {
        let reserved = ["_kombu.", "unacked", "celeriac.trash.", "celeriac.once."]
        #expect(!reserved.contains(where: name.hasPrefix))
    }

    private func check(_ effect: Effect) {
        do {
            switch effect {
            case .publish(let publication): try check(publication)
            case .publishMany(let publications):
                for publication in publications { try check(publication) }
            case .revokeMany(let methods):
                for method in methods { try check(method, []) }
            case .broadcast(let method, let destination): try check(method, destination)
            case .purge(let purge): checkIsQueue(purge.queue)
            case .restore(_, let queue): checkIsQueue(queue)
            case .message(let spec):
                // What is read from the broker is judged when it is there (QueuedMessageTests).
                var queues = [spec.queue]
                if case .move(let other, _) = spec.act { queues.append(other) }
                #expect(queues.allSatisfy { QueueKeys.refusal(queue: $0) == nil })
            case .consumers(let changes):
                for change in changes { try check(change.method, change.workers) }
            case .recorded: break
            }
        } catch {
            Issue.record("\(error)")
        }
    }
}

/// Arguments that are mostly of the declared type, at and beyond its bounds, and sometimes anything.
struct WildValues {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    mutating func arguments(for parameters: [CommandParameter]) -> JsonValue {
        var members: [JsonMember] = []
        for parameter in parameters {
            let isGiven = parameter.isRequired ? below(40) > 0 : below(3) == 0
            guard isGiven else { continue }
            let value = below(25) == 0 ? anything() : value(of: parameter.kind)
            members.append(JsonMember(parameter.name, value))
        }
        if below(60) == 0 { members.append(JsonMember("nonsense", anything())) }
        return .object(members)
    }

    private mutating func text() -> String {
        pick([
            "a", "celery@a", "mail", "math.add", "ü 𝄞 \"'\\", "x{}[]", "100/m", "0", "10/s",
            String(repeating: "n", count: 255), String(repeating: "n", count: 256), "", "a\u{0}b",
            "unacked", "_kombu.binding.celery", "celery-task-meta-1", "x.celery.pidbox",
        ])
    }

    private mutating func value(of kind: CommandParameter.Kind) -> JsonValue {
        switch kind {
        case .text, .queue: return .string(text())
        case .texts:
            return .array((0..<(1 + below(3))).map { .string("\(text())\($0)") })
        case .flag: return .bool(below(2) == 0)
        case .integer(let range, _):
            let edge = pick([range.lowerBound, range.upperBound, range.lowerBound - 1, 5])
            return .integer(Int64(edge))
        case .seconds(let range), .moment(let range):
            return pick([
                .number(range.lowerBound), .number(range.upperBound), 5, .number(-1),
                .number(.infinity), "2030-01-01T00:00:00Z", .number(range.upperBound * 2),
            ])
        case .instant:
            return pick(["2030-01-01T00:00:00Z", "2030-01-01T00:00:00+05:30", "tomorrow", 7])
        case .choice(let words): return .string(pick(words + ["BOGUS"]))
        case .signature: return signature()
        case .signatures: return .array((0..<(1 + below(3))).map { _ in signature() })
        case .array: return .array((0..<below(4)).map { _ in anything() })
        case .object("name → array of values"):
            return .object((0..<below(3)).map { JsonMember("\(text())\($0)", value(of: .texts)) })
        case .object:
            return .object((0..<below(3)).map { JsonMember("\(text())\($0)", anything()) })
        }
    }

    private mutating func signature() -> JsonValue {
        var members = [JsonMember("task", .string(text()))]
        for (name, kind) in [
            ("args", CommandParameter.Kind.array(of: "")), ("kwargs", .object(of: "")),
            ("queue", .queue), ("priority", .integer(0...9)), ("immutable", .flag),
        ] where below(3) == 0 {
            members.append(JsonMember(name, value(of: kind)))
        }
        if below(20) == 0 { members.append(JsonMember("nonsense", 1)) }
        return .object(members)
    }

    private mutating func anything(depth: Int = 0) -> JsonValue {
        switch below(depth > 3 ? 8 : 10) {
        case 0: return nil
        case 1: return .bool(below(2) == 0)
        case 2: return .integer(Int64(truncatingIfNeeded: next()))
        case 3: return .number(pick([0.5, -1e300, .nan, .infinity, 1e-300]))
        case 4: return .bigInteger(String(repeating: "9", count: pick([20, 4_301])))
        case 5, 6, 7: return .string(text())
        case 8: return .array((0..<below(3)).map { _ in anything(depth: depth + 1) })
        default:
            let name = pick(["a", "__type__", "b"])
            return .object([
                JsonMember(name, anything(depth: depth + 1)),
                JsonMember("__value__", anything(depth: depth + 1)),
            ])
        }
    }
}
