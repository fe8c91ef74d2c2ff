internal import Foundation
internal import Glibc
internal import Ports

/// The directory of a site's records, as seen by the file system.
struct DataDirectory {
    /// The database in it.
    static let databaseName = "celeriac.sqlite"

    /// Its path as it was given.
    let path: String

    /// The database's path.
    var database: String { path + "/" + Self.databaseName }

    /// Makes the directory (mode 0700) and an empty database (mode 0600) unless they exist.
    ///
    /// The database is made here and not by SQLite, because SQLite would give it the umask's mode;
    /// its `-wal` and `-shm` files then take the database's.
    ///
    /// - Returns: sentences about permissions that are wider than they should be.
    static func prepare(_ path: String) throws(RecordsError) -> (DataDirectory, [String]) {
        let directory = DataDirectory(path: path)
        var warnings: [String] = []
        let existed = FileManager.default.fileExists(atPath: path)
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: existed ? nil : [.posixPermissions: 0o700])
        } catch {
            throw RecordsError(
                .cannotOpen, "cannot make the data directory \(path): \(reason(error))")
        }
        if let mode = mode(of: path), mode & 0o077 != 0 {
            warnings.append(
                "the data directory \(path) is open to others (mode \(octal(mode))); chmod 700 it")
        }
        try directory.makeDatabase()
        if let mode = mode(of: directory.database), mode & 0o077 != 0 {
            for suffix in ["", "-wal", "-shm"] {
                _ = unsafe chmod(directory.database + suffix, 0o600)
            }
            warnings.append(
                "\(directory.database) was open to others (mode \(octal(mode))); now it is not")
        }
        return (directory, warnings)
    }

    private func makeDatabase() throws(RecordsError) {
        let descriptor = unsafe open(database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let code = errno
            throw RecordsError(
                code == EROFS ? .readOnly : code == ENOSPC ? .diskFull : .cannotOpen,
                "cannot open \(database): \(text(of: code))")
        }
        close(descriptor)
    }

    private static func mode(of path: String) -> mode_t? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode & 0o777
    }

    private static func octal(_ mode: mode_t) -> String {
        "0" + String(mode, radix: 8)
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return (underlying ?? error as NSError).localizedDescription
    }
}

/// The system's text for an error number, such as `Permission denied`.
func text(of code: Int32) -> String {
    guard let message = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: message)
}
