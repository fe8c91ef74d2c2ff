/// Where a row stood when it was last written: a hint for the next time.
package struct RowPlace: Sendable {
    var slot: Int32 = -1

    /// Nowhere yet.
    package init() {}
}
