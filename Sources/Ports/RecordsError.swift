/// Why something was not recorded or not read.
package struct RecordsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Sendable, Equatable {
        /// The disk (or the quota) is full; nothing was written. Reading goes on.
        case diskFull
        /// The file or its file system cannot be written to.
        case readOnly
        /// The device failed; whether the change was written is not known.
        case inputOutput
        /// Another process kept the file locked for too long; nothing was written.
        case busy
        /// Another gateway works on this data directory.
        case inUse
        /// The file is not a database, or is damaged.
        case damaged
        /// A later release wrote this file; this one would not understand it.
        case newerSchema
        /// The directory or file cannot be made or opened.
        case cannotOpen
        /// Too many changes wait already, or a table is full; nothing was written.
        case overloaded
        /// The caller asked for something that does not exist.
        case notFound
        /// The change contradicts what is recorded, such as a name that is taken.
        case conflict
        /// A value is beyond a bound of the records' limits, or no value that can be stored (a NUL
        /// character in a name, a time that is not finite).
        case invalid
        /// The caller no longer waits; nothing was written.
        case cancelled
        /// Anything else; the message says what.
        case failed

        /// Whether the next change would fail for the same reason, until somebody acts.
        package var isLasting: Bool {
            switch self {
            case .diskFull, .readOnly, .inputOutput, .damaged, .cannotOpen: true
            default: false
            }
        }
    }

    /// What kind of failure it is.
    package var code: Code
    /// What was attempted and what happened; no secrets, no row contents.
    package var message: String

    package var description: String { message }

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
