internal import LiveSync
internal import Ports

/// Decides who may see and do what (R28, R42). The only place that does: sockets ask it for each message
/// and each subscription, HTTP for each request, the command desk for each command.
///
/// It knows no time and keeps nothing, so a right that was taken away is gone with the next question.
enum Authorization {
    /// Topics of a display on a wall: what concerns everybody in the room.
    private static let wallTopics: Set<String> = ["stats", "queues", "workers", "alerts", "health"]
    /// Topics that tell who did what from where.
    private static let adminTopics: Set<String> = ["audit"]
    /// The event log among the topics of a ``Scope``.
    static let eventsTopic = "events"
    /// `/metrics` among them.
    static let metricsTopic = "metrics"

    /// What somebody may do about something.
    static func verdict(on act: Act, for principal: Principal) -> Verdict {
        if let subject = outside(principal.scope, act) {
            return .refused(reason: "this credential is not for \(subject)")
        }
        let role = principal.role
        switch act {
        case .known:
            return .everything
        case .topic(let schema):
            return topic(schema, role)
        case .events:
            guard role != .wall else { return refused(role, "read events") }
            return role == .viewer ? .masked : .everything
        case .outcomes:
            return allowed([.operator, .admin, .bot], role, "read the outcomes of commands")
        case .settings:
            return allowed([.admin], role, "read the settings of workers")
        case .differences:
            return allowed([.operator, .admin], role, "read the settings of workers")
        case .reconcile:
            return allowed([.operator, .admin, .bot], role, "have everything asked anew")
        case .metrics:
            return allowed([.viewer, .operator, .admin, .bot], role, "read metrics")
        case .plans:
            return allowed(CommandCatalog.planned.flatMap(\.roles), role, "read plans")
        case .plan(let command):
            return allowed(command.roles, role, "do \(command.name)")
        case .command(let command, let parameters):
            let verdict = allowed(command.roles, role, "do \(command.name)")
            guard verdict == .everything else { return verdict }
            let forbidden = parameters.first { $0.roles?.contains(role) == false }
            return forbidden.map { refused(role, "do \(command.name) with \($0.name)") } ?? verdict
        }
    }

    /// What an act is about that a credential is not for; `nil` if it is.
    private static func outside(_ scope: Scope, _ act: Act) -> String? {
        guard !scope.isUnlimited else { return nil }
        func topic(_ name: String) -> String? {
            scope.topics?.contains(name) == false ? "topic \(name)" : nil
        }
        func command(_ name: String) -> String? {
            scope.commands?.contains(name) == false ? "command \(name)" : nil
        }
        switch act {
        case .known: return nil
        case .topic(let schema): return topic(schema.name)
        case .events: return topic(eventsTopic)
        case .metrics: return topic(metricsTopic)
        case .outcomes: return topic(Topics.commands.name)
        case .settings, .differences: return topic(Topics.workers.name)
        case .reconcile: return scope.commands == nil ? nil : "having everything asked anew"
        case .plans:
            let isPlanning = CommandCatalog.planned.contains { command($0.name) == nil }
            return isPlanning ? nil : "plans"
        case .plan(let declared), .command(let declared, _): return command(declared.name)
        }
    }

    private static func topic(_ schema: TopicSchema, _ role: Role) -> Verdict {
        if adminTopics.contains(schema.name) {
            return allowed([.admin], role, "read topic \(schema.name)")
        }
        return switch role {
        case .admin, .operator, .bot: .everything
        case .wall:
            wallTopics.contains(schema.name)
                ? .everything : refused(role, "read topic \(schema.name)")
        case .viewer: Topics.texts(of: schema).isEmpty ? .everything : .masked
        }
    }

    private static func allowed(_ roles: [Role], _ role: Role, _ deed: String) -> Verdict {
        roles.contains(role) ? .everything : refused(role, deed)
    }

    private static func refused(_ role: Role, _ deed: String) -> Verdict {
        .refused(reason: "role \(role.rawValue) may not \(deed)")
    }
}
