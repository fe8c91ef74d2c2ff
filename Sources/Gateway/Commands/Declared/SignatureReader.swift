internal import WireFormats

/// Reads the tasks within an argument: steps of a chain, members of a group, what is called with a
/// result. Each is an object of `task`, `args`, `kwargs`, `queue`, `priority` and `immutable`.
enum SignatureReader {
    /// Members of such an object, for people.
    static let members = "{task, args, kwargs, queue, priority, immutable}"

    private static let parameters: [CommandParameter] = [
        CommandParameter("task", .text, isRequired: true, ""),
        CommandParameter("args", .array(of: "positional arguments"), ""),
        CommandParameter("kwargs", .object(of: "keyword arguments"), ""),
        CommandParameter("queue", .queue, ""),
        CommandParameter("priority", .integer(0...9, meaning: "from 0 (most urgent) to 9"), ""),
        CommandParameter("immutable", .flag, ""),
    ]

    /// Refuses a value that is not such an object.
    static func check(_ value: JsonValue, _ place: String) throws(CommandFault) {
        guard let object = value.object else {
            throw .argument(place, "must be an object \(members)")
        }
        for member in object
        where !parameters.contains(where: { $0.name == member.name }) {
            throw .argument("\(place).\(member.name.prefix(60))", "is not known; known: \(members)")
        }
        for parameter in parameters {
            let given = value[parameter.name]
            do throws(CommandFault) {
                try parameter.check(given == .null ? Optional.none : given)
            } catch {
                throw CommandFault(error.code, "args.\(place): \(error.message)")
            }
        }
    }

    /// Reads a checked value.
    ///
    /// - Parameter id: the id that the task will have; `nil` if whoever sends it makes one.
    static func signature(_ value: JsonValue, id: String?) -> Signature {
        Signature(
            value["task"]?.string ?? "", args: value["args"]?.array ?? [],
            kwargs: value["kwargs"]?.object ?? [], taskID: id, queue: value["queue"]?.string,
            priority: value["priority"]?.integer.map(Int.init),
            isImmutable: value["immutable"]?.bool ?? false)
    }
}
