internal import Glibc

/// Why a link could not be made or broke, as a sentence for people without secrets or payloads.
struct LinkFailure: Error, Equatable {
    var reason: String

    init(_ reason: String) { self.reason = reason }

    /// What was attempted and what the system said.
    static func system(_ attempt: String, _ code: Int32 = errno) -> LinkFailure {
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return LinkFailure("\(attempt): \(text)")
    }
}
