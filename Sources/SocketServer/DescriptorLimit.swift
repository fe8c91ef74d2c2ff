internal import Glibc

/// How many files and sockets this process may have open (`RLIMIT_NOFILE`, getrlimit(2)).
package enum DescriptorLimit {
    /// As many as the process asks for: libwebsockets keeps 24 bytes for each that it might have.
    package static let wanted = 65_536
    /// Descriptors that stay free for what is no client: the broker's links, the records, the web's files.
    package static let reserve = 64

    /// Raises the process's own limit as far as it may, up to ``wanted``.
    ///
    /// - Returns: the limit that holds now.
    @discardableResult
    package static func raise() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return wanted
        }
        let most = min(limit.rlim_max, rlim_t(wanted))
        if limit.rlim_cur < most {
            limit.rlim_cur = most
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many connections of clients fit into a limit.
    package static func connections(within limit: Int) -> Int { max(16, limit - reserve) }
}
