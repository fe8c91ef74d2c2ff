/// A place in an order: a sort key, and the handle that tells equal keys apart.
package struct SortBound: Sendable, Hashable {
    /// The row's sort field.
    package let key: FieldValue
    /// The row's handle.
    package let handle: Int

    /// Makes a place.
    package init(key: FieldValue, handle: Int) {
        self.key = key
        self.handle = handle
    }

    /// Ascending order: negative if this place comes first.
    func ordered(before other: SortBound) -> Int {
        let byKey = FieldValue.ordered(key, other.key)
        return byKey != 0 ? byKey : (handle < other.handle ? -1 : (handle > other.handle ? 1 : 0))
    }
}
