/// How many of the kept records of one queue and one task name are in each state (R29).
package struct TaskLoad: Sendable, Equatable {
    /// The states that are counted, in the order of ``counts``; all custom ones are the last.
    package static let states = [
        "PENDING", "RECEIVED", "STARTED", "SUCCESS", "FAILURE", "RETRY", "REVOKED", "REJECTED",
        "CANCELLED", "LOST", "CUSTOM",
    ]
    /// Queue and name of those for which there was no place of their own.
    package static let other = NameTable.otherName

    /// Its place; another pair of queue and name may have it later.
    package var number: Int
    /// `nil` if it is not known.
    package var queue: String?
    /// `nil` if it is not known.
    package var name: String?
    /// Records in each of ``states``.
    package var counts: [Int]

    /// Records in all states.
    package var count: Int { counts.reduce(0, +) }
}
