internal import Glibc
internal import Ports

/// Keeps a second gateway away from a data directory; the command line's tools do not ask for it.
///
/// An advisory lock (`flock`) on a file of its own: the kernel releases it with the last descriptor,
/// however the process ends, so a killed gateway leaves nothing behind that must be removed.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, or says who has it.
    init(directory: DataDirectory) throws(RecordsError) {
        let path = directory.path + "/gateway.lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw RecordsError(.cannotOpen, "cannot open \(path): \(text(of: errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = Self.holder(descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw RecordsError(.cannotOpen, "cannot lock \(path): \(text(of: code))")
            }
            throw RecordsError(
                .inUse,
                "another gateway\(holder) works on \(directory.path); "
                    + "stop it, or give this one a directory of its own with --data")
        }
        // Only for the message above: who cannot write it is locked out all the same.
        let line = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = unsafe pwrite(descriptor, line, line.count, 0)
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 20)
        let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return "" }
        let digits = buffer.prefix(count).prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
    }
}
