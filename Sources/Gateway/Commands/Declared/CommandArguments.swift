internal import WireFormats

/// The arguments of one command after their check: each known, of its type and within its bounds.
struct CommandArguments: Sendable {
    /// Ids of tasks that the command starts: the same for a repetition of the command.
    let newID: @Sendable (Int) throws(CommandFault) -> String
    /// The client's preconditions.
    let expectations: JsonValue
    private let values: [String: JsonValue]

    /// Checks the arguments of a command.
    ///
    /// - Parameters:
    ///   - command: what is asked for.
    ///   - args: an object, or null for none; a member that is null counts as missing.
    ///   - expect: an object, or null for none.
    ///   - newID: the id of the n-th task that the command starts.
    /// - Throws: the first fault, in the order of the declaration.
    init(
        of command: CommandDeclaration, args: JsonValue, expect: JsonValue,
        newID: @escaping @Sendable (Int) throws(CommandFault) -> String
    ) throws(CommandFault) {
        self.newID = newID
        values = try Self.checked(args, command.allParameters, "args")
        _ = try Self.checked(expect, command.expectations, "expect")
        expectations = expect
    }

    private static func checked(
        _ object: JsonValue, _ parameters: [CommandParameter], _ place: String
    ) throws(CommandFault) -> [String: JsonValue] {
        guard object.object != nil || object.isNull else {
            throw CommandFault(.invalid, "\(place) must be an object")
        }
        var values: [String: JsonValue] = [:]
        for member in object.object ?? [] {
            guard parameters.contains(where: { $0.name == member.name }) else {
                let known = parameters.map(\.name).sorted().joined(separator: ", ")
                throw CommandFault(
                    .invalid,
                    "\(place).\(member.name.prefix(60)) is not known; known: "
                        + (known.isEmpty ? "none" : known))
            }
            if !member.value.isNull { values[member.name] = member.value }
        }
        for parameter in parameters { try parameter.check(values[parameter.name]) }
        return values
    }

    /// Whether an argument is given.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// Whether an argument is given that does something: `false` asks for nothing.
    func uses(_ name: String) -> Bool { values[name].map { $0 != .bool(false) } ?? false }

    /// The value of an argument, `nil` if it is not given.
    subscript(_ name: String) -> JsonValue? { values[name] }

    func text(_ name: String) -> String? { values[name]?.string }
    func texts(_ name: String) -> [String]? { values[name]?.array?.compactMap(\.string) }
    func flag(_ name: String) -> Bool { values[name]?.bool ?? false }
    func integer(_ name: String) -> Int? { values[name]?.integer.map(Int.init) }
    func seconds(_ name: String) -> Double? { values[name]?.double }

    /// A text that the declaration requires; empty only if it does not.
    func required(_ name: String) -> String { text(name) ?? "" }

    /// Tasks within this command.
    ///
    /// - Parameter firstID: number of the first one's id; `nil` if they get none from us.
    func signatures(_ name: String, firstID: Int?) throws(CommandFault) -> [Signature] {
        var signatures: [Signature] = []
        for (index, value) in (values[name]?.array ?? []).enumerated() {
            var id: String?
            if let firstID { id = try newID(firstID + index) }
            signatures.append(SignatureReader.signature(value, id: id))
        }
        return signatures
    }

    /// Seconds from now, or a time.
    func moment(_ name: String) -> RunSpec.Moment? {
        text(name).map(RunSpec.Moment.at) ?? seconds(name).map(RunSpec.Moment.after)
    }

    /// A whole number of `expect`.
    func expected(_ name: String) -> Int? { expectations[name]?.integer.map(Int.init) }

    /// The workers that are meant.
    func workers() throws(CommandFault) -> CommandSpec.Workers {
        switch (texts("workers"), flag("all")) {
        case (let names?, false): return .named(names)
        case (nil, true): return .all
        case (nil, false):
            throw .argument("workers", "must be an array of at least one name, or args.all true")
        case (_?, true): throw .argument("workers", "and args.all exclude each other")
        }
    }

    /// Refuses two arguments that cannot both hold.
    func exclude(_ one: String, _ other: String) throws(CommandFault) {
        guard !has(one) || !has(other) else {
            throw .argument(one, "and args.\(other) exclude each other")
        }
    }
}
