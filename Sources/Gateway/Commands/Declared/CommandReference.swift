internal import Ports
package import WireFormats

/// The reference of all commands, made from their declarations: `docs/commands.md`,
/// `celeriac commands` and `GET /api/celery/catalog`.
package enum CommandReference {
    /// Names of all commands, in the order in which they are explained.
    package static var names: [String] { CommandCatalog.all.map(\.name) }

    /// The page `docs/commands.md`.
    package static var markdown: String {
        ([introduction] + CommandCatalog.all.map(section)).joined(separator: "\n\n") + "\n"
    }

    /// The part of the page about one command; `nil` if there is none of that name.
    package static func markdown(of name: String) -> String? {
        CommandCatalog.all.first { $0.name == name }.map { section($0) + "\n" }
    }

    /// All commands as JSON: `name`, `summary`, `roles`, `destination`, `parameters` (`name`, `type` for
    /// people, `kind` with `min`, `max` or `choices`, `help`, `required`), `expect`, `needs`, `evidence`,
    /// `deadline` (seconds), `dangerous`.
    package static var json: JsonValue {
        .array(CommandCatalog.all.map(object))
    }

    private static let introduction = """
        # Commands

        Made by `celeriac commands` from their declarations (`Sources/Gateway/Commands/Declared`); a test compares the two.

        `cmd.submit {cmd, args, key, expect?, deadlineMs?}` over the socket, `POST /api/celery/commands/<name>` with `Idempotency-Key` over HTTP,
        `celeriac call <name> '{…}'` in a shell. What became of it is a row of topic `commands` (`topics.md`): `accepted` → `sent` → `confirmed`, or
        `partial`, `rejected`, `failed`; at the deadline `unknown`, which later proof still lifts for five minutes.
        A revoke that is `confirmed` is put right within that time if its task runs all the same. The answer to `cmd.submit` waits for the record alone
        (`accepted`) if workers or long lists are looked at before anything is sent: commands for workers, `queue.pause`, `queue.resume`, `queue.restore`,
        those for single messages, `terminate`, and the tasks of a plan; of the others it also waits until Redis has taken them (`sent`). If the gateway is
        killed meanwhile, its next run ends what was never sent as `failed`, and follows the rest on from `unknown`: answers of workers still come, and
        effects are still seen.

        Each principal may submit \(Int(CommandLimits.rate)) commands a second, \(Int(CommandLimits.burst)) at once, and of what destroys work only so many a minute as stand
        beside it. What is too much is refused with 1012 (HTTP 429), which limit it is, and when to try again.
        """

    private static func section(_ command: CommandDeclaration) -> String {
        var lines = ["## `\(command.name)`", "", command.summary, ""]
        var facts = ["For " + command.roles.map(\.rawValue).joined(separator: ", ")]
        if !command.needs.isEmpty {
            facts.append("needs " + command.needs.map(\.text).joined(separator: ", "))
        }
        facts.append("deadline \(Int(command.deadline)) s")
        if command.isDangerous {
            facts.append("at most \(perMinute)")
        }
        lines.append(facts.joined(separator: "; ") + ".")
        lines.append("Proof: \(command.evidence)")
        let rows =
            command.allParameters.map { row($0, in: "") }
            + command.expectations.map { row($0, in: "expect: ") }
        if !rows.isEmpty {
            lines += ["", "| argument | type | meaning |", "|---|---|---|"] + rows
        }
        return lines.joined(separator: "\n")
    }

    /// How often one principal may do what destroys work.
    private static var perMinute: String { "\(Int(CommandLimits.dangerousPerMinute)) per minute" }

    private static func row(_ parameter: CommandParameter, in place: String) -> String {
        var help = parameter.help
        if parameter.isRequired { help += " Required." }
        if let roles = parameter.roles {
            help += " For \(roles.map(\.rawValue).joined(separator: ", ")) only."
        }
        if parameter.isDangerous {
            help += " At most \(perMinute), whichever command has it."
        }
        if !parameter.needs.isEmpty {
            help += " Needs \(parameter.needs.map(\.text).joined(separator: ", "))."
        }
        return "| \(place)`\(parameter.name)` | \(parameter.typeText) | \(help) |"
    }

    private static func object(_ command: CommandDeclaration) -> JsonValue {
        [
            "name": .string(command.name), "summary": .string(command.summary),
            "roles": .array(command.roles.map { .string($0.rawValue) }),
            "destination": .string("\(command.destination)"),
            "parameters": .array(command.allParameters.map(object)),
            "expect": .array(command.expectations.map(object)),
            "needs": .array(command.needs.map { .string($0.text) }),
            "evidence": .string(command.evidence), "deadline": .number(command.deadline),
            "dangerous": .bool(command.isDangerous),
        ]
    }

    private static func object(_ parameter: CommandParameter) -> JsonValue {
        var members: [JsonMember] = [
            JsonMember("name", .string(parameter.name)),
            JsonMember("type", .string(parameter.typeText)),
            JsonMember("help", .string(parameter.help)),
            JsonMember("required", .bool(parameter.isRequired)),
        ]
        if let roles = parameter.roles {
            members.append(JsonMember("roles", .array(roles.map { .string($0.rawValue) })))
        }
        members += kind(parameter.kind)
        return .object(members)
    }

    /// The type for programs: its name, and its bounds or words if it has some.
    private static func kind(_ kind: CommandParameter.Kind) -> [JsonMember] {
        func members(_ name: String, _ range: ClosedRange<Double>? = nil) -> [JsonMember] {
            let bounds = range.map {
                [
                    JsonMember("min", .number($0.lowerBound)),
                    JsonMember("max", .number($0.upperBound)),
                ]
            }
            return [JsonMember("kind", .string(name))] + (bounds ?? [])
        }
        switch kind {
        case .text: return members("text")
        case .queue: return members("queue")
        case .texts: return members("texts")
        case .flag: return members("flag")
        case .integer(let range, _):
            return members("integer", Double(range.lowerBound)...Double(range.upperBound))
        case .seconds(let range): return members("seconds", range)
        case .instant: return members("instant")
        case .moment(let range): return members("moment", range)
        case .choice(let words):
            return members("choice")
                + [JsonMember("choices", .array(words.map(JsonValue.string)))]
        case .array: return members("array")
        case .signature: return members("signature")
        case .signatures: return members("signatures", 1...Double(CommandLimits.signatures))
        case .object: return members("object")
        }
    }
}
