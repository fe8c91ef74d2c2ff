/// Why a ``SocketServer`` could not start.
package struct SocketServerError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package enum Code: Sendable, Equatable {
        /// The address or the port is not usable.
        case listen
        /// libwebsockets has no plugin for libuv.
        case eventLoopPlugin
        /// The certificate or the key was not accepted.
        case identity
        /// The web folder cannot be read.
        case webRoot
        /// libwebsockets did not start for another reason.
        case library
    }

    /// What kind of failure it is.
    package let code: Code
    /// What was attempted, with what, and what happened.
    package let message: String

    /// Makes an error.
    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
