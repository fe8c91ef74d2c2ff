internal import Glibc

/// What the system keeps of a process that crashes.
enum CoreFiles {
    /// Forbids it: the broker's password and what is in users' tasks are in the memory.
    static func forbid() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
