/// Why a message to or from Celery was not built or not read.
package struct CeleryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Sendable, Equatable {
        /// A value that no worker would take, or that would harm one.
        case invalid
        /// A value beyond a bound of `CeleryLimits`.
        case tooLarge
        /// Bytes that are not what they should be.
        case undecodable
        /// A serializer or form that cannot be read here.
        case unsupported
    }

    /// What kind of failure it is.
    package var code: Code
    /// Which field is wrong, such as `kwargs.when`; empty if it is the whole.
    package var field: String
    /// What is wrong with it and what would be right. No values: they may be secrets.
    package var message: String

    /// Makes an error.
    package init(_ code: Code, _ field: String, _ message: String) {
        self.code = code
        self.field = field
        self.message = message
    }

    /// One clause for people.
    package var description: String { field.isEmpty ? message : "\(field) \(message)" }
}
