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
        if let grant = Grant(principal.scope), let deed = beyond(grant, act) {
            return .refused(
                reason:
                    "this credential is for \(limits(principal.scope)) alone, and may not \(deed)")
        }
        let role = principal.role
        switch act {
        case .known:
            return .everything
        case .topic(let schema):
            return topic(schema, role)
        case .messages, .groups, .flower:
            return topic(Topics.tasks, role)
        case .touch:
            return .everything
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

    /// What somebody sees of a topic; `nil` if nothing.
    static func projection(of schema: TopicSchema, for principal: Principal) -> Projection? {
        let masked: Set<String>
        switch verdict(on: .topic(schema), for: principal) {
        case .everything: masked = []
        case .masked: masked = Topics.texts(of: schema)
        case .refused: return nil
        }
        guard let grant = Grant(principal.scope) else {
            return masked.isEmpty
                ? .everything : Projection(of: schema, masked: masked.sorted())
        }
        return Projection(
            of: schema, hidden: grant.hidden(of: schema), masked: masked.sorted(),
            rules: grant.rules(of: schema, for: principal))
    }

    /// What of an act goes beyond the queues and names of tasks that a credential is for; `nil` if nothing
    /// does. What rows it sees is a matter of ``projection(of:for:)``.
    private static func beyond(_ grant: Grant, _ act: Act) -> String? {
        switch act {
        case .known, .events, .outcomes, .plans, .plan, .command: nil
        case .topic(let schema):
            adminTopics.contains(schema.name) ? "read topic \(schema.name)" : nil
        case .messages(let queue):
            // Which tasks wait there is looked at one by one.
            grant.shows(queue: queue) ? nil : "look into this queue"
        case .groups: "read groups, which can have any tasks"
        case .flower: "read the flower view, which has all tasks"
        case .settings, .differences: "read the settings of workers"
        case .reconcile: "have everything asked anew"
        case .metrics: "read metrics, which name all queues and tasks"
        case .touch(let touched):
            touched.allSatisfy { grant.shows(task: $0.task, queue: $0.queue) }
                ? nil : "do this: it is, or may be, about others"
        }
    }

    /// What a credential is limited to, for people.
    private static func limits(_ scope: Scope) -> String {
        Scope(queues: scope.queues, tasks: scope.tasks).text?.replacing("only ", with: "") ?? ""
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
        // What a command touches is asked beside whether it may be given.
        case .known, .touch: return nil
        case .topic(let schema): return topic(schema.name)
        case .messages, .groups, .flower: return topic(Topics.tasks.name)
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
