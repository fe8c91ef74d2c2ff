/// Shared things by what they are, for as long as somebody uses them.
struct WeakTable<Key: Hashable, Value: AnyObject> {
    private struct Reference {
        weak var value: Value?
    }

    private var references: [Key: Reference] = [:]

    /// The living thing of a key.
    subscript(key: Key) -> Value? {
        references[key]?.value
    }

    /// Takes a thing in.
    mutating func insert(_ value: Value, for key: Key) {
        references[key] = Reference(value: value)
    }

    /// True if another one fits; forgets the dead first if it seems not to.
    mutating func hasRoom(_ limit: Int) -> Bool {
        if references.count < limit { return true }
        references = references.filter { $0.value.value != nil }
        return references.count < limit
    }

    /// Visits what lives, and forgets the dead.
    mutating func forEach(_ body: (Value) -> Void) {
        var hasDead = false
        for reference in references.values {
            if let value = reference.value { body(value) } else { hasDead = true }
        }
        if hasDead { references = references.filter { $0.value.value != nil } }
    }
}
