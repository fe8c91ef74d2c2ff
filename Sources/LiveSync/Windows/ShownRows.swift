/// Which rows of a windowed topic the rules of a ``Projection`` show: by their groups, so that a row that is
/// not shown costs hardly more than one that is not looked at.
struct ShownRows {
    private var matcher: GroupMatcher
    private var generation: Int

    init(_ projection: Projection, _ tables: WindowTables) {
        matcher = GroupMatcher(
            Filter.everything.narrowed(to: projection), columns: tables.groups.columns)
        generation = tables.groups.generation
    }

    /// The rules with answers about all values there are now.
    mutating func learned(_ tables: WindowTables) -> GroupMatcher {
        if generation != tables.groups.generation {
            generation = tables.groups.generation
            matcher.forget()
        }
        matcher.learn(tables.groups)
        return matcher
    }
}
