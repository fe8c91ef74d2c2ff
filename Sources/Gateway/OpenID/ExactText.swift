internal import WireFormats

/// Compares texts byte by byte. Swift's `==` takes some for each other that are written differently, such as the
/// letter K and the sign for kelvin; whoever decides who somebody is must not.
enum ExactText {
    /// Whether two texts have the same bytes.
    static func isEqual(_ left: String?, _ right: String) -> Bool {
        left.map { $0.utf8.elementsEqual(right.utf8) } ?? false
    }

    /// The value of a member that is called exactly that.
    static func member(_ name: String, of object: JsonValue) -> JsonValue? {
        object.object?.last { isEqual($0.name, name) }?.value
    }
}
