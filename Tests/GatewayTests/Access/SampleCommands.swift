import Ports
import WireFormats

@testable import Gateway

/// A command of each kind that is well-formed, made of its declaration.
enum SampleCommands {
    /// What a command needs though no single argument of it is required.
    private static let needed: [String: JsonValue] = [
        "task.retry": ["id": "t1"], "task.revoke": ["id": "t1"],
        "task.revokeStamped": ["stamps": ["customer": ["7"]]],
        "worker.timeLimit": ["task": "t", "soft": 1],
        "worker.autoscale": ["max": 2, "min": 1],
        "message.delete": ["queue": "q1", "deliveryTag": "d1"],
        "message.move": ["queue": "q1", "to": "q2", "deliveryTag": "d1"],
    ]

    /// Arguments that a command takes, with one more of its parameters if that is named.
    static func args(
        of command: CommandDeclaration, with parameter: CommandParameter? = nil
    ) -> JsonValue {
        var members =
            needed[command.name]?.object
            ?? command.parameters.filter(\.isRequired).map { JsonMember($0.name, value(of: $0)) }
        if command.destination == .workers { members.append(JsonMember("all", true)) }
        if let parameter { members.append(JsonMember(parameter.name, value(of: parameter))) }
        return .object(members)
    }

    private static func value(of parameter: CommandParameter) -> JsonValue {
        switch parameter.kind {
        case .text: "x1"
        case .queue: "q1"
        case .texts: ["x1"]
        case .flag: true
        case .integer(let range, _): .integer(Int64(range.lowerBound))
        case .seconds(let range): .number(range.lowerBound)
        case .moment: 1
        case .instant: "2026-11-23T20:15:00Z"
        case .choice(let words): .string(words[0])
        case .array: []
        case .signature: ["task": "t"]
        case .signatures: [["task": "t"]]
        case .object: .object([])
        }
    }
}
