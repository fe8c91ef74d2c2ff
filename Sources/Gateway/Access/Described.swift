internal import Ports
internal import WireFormats

/// Somebody as they are told who they are: over the socket, and by `/api/session`.
///
/// `limits` is there if their credential is limited within what their role may: lists of topics, commands,
/// and patterns of queues and task names, each absent where there is no limit.
func described(_ principal: Principal) -> JsonValue {
    var members = [
        JsonMember("sub", .string(principal.id)), JsonMember("name", .string(principal.name)),
        JsonMember("role", .string(principal.role.rawValue)),
    ]
    let limits = [
        ("topics", principal.scope.topics), ("commands", principal.scope.commands),
        ("queues", principal.scope.queues), ("tasks", principal.scope.tasks),
    ].compactMap { name, set in
        set.map { JsonMember(name, .array($0.sorted().map { .string($0) })) }
    }
    if !limits.isEmpty { members.append(JsonMember("limits", .object(limits))) }
    return .object(members)
}
