/// A promise that some bytes broke.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Says that a promise is broken unless it holds.
func expect(
    _ holds: Bool, _ promise: @autoclosure () -> String
) throws(Violation) {
    guard holds else { throw Violation(promise()) }
}
