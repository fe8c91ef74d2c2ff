/// A task or a queue that a command would do something to or with, as far as ``Authorization`` has to know.
struct Touched: Sendable, Equatable {
    /// The name of the task; `nil` if it can be any, or is not known.
    var task: String?
    /// The queue; `nil` if it can be any, or is not known.
    var queue: String?

    /// What nobody may touch who is limited to anything.
    static let anything = Touched()
}
