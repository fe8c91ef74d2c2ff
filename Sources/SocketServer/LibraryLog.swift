internal import CLibwebsockets
internal import Logging
internal import Synchronization

/// What libwebsockets says: passed on to the log, and its last errors kept to explain a failure.
enum LibraryLog {
    private struct State {
        var logger: Logger?
        var errors: [String] = []
    }

    private static let state = Mutex(State())
    private static let kept = 8

    static func start(_ logger: Logger) {
        state.withLock { $0.logger = logger }
        unsafe lws_set_log_level(Int32(LLL_ERR | LLL_WARN), libraryLogCallback)
    }

    static func forgetErrors() {
        state.withLock { $0.errors = [] }
    }

    static func errors() -> [String] {
        state.withLock { $0.errors }
    }

    /// Takes a line; most tell of bad peers, so none is above debug level.
    static func take(level: Int32, line: String) {
        let text = String(line.drop { $0 != "]" }.dropFirst(2).filter { !$0.isNewline })
        let logger = state.withLock { state in
            if level == LLL_ERR, state.errors.count < kept { state.errors.append(text) }
            return state.logger
        }
        logger?.debug("libwebsockets", metadata: ["line": "\(text)"])
    }
}
