/// A new value for one field of a row; ``FieldValue/absent`` clears it.
package struct FieldUpdate: Sendable, Equatable {
    /// Number of the column, see ``TopicSchema/column(_:)``.
    package let column: Int
    /// The value.
    package let value: FieldValue

    /// Makes an update.
    package init(_ column: Int, _ value: FieldValue) {
        self.column = column
        self.value = value
    }
}
