internal import CLibwebsockets
internal import EventLoop
internal import Glibc

/// The files of the web folder, read once and kept in memory.
@LoopActor
final class StaticFiles {
    private struct Stamp: Equatable {
        var seconds: Int
        var nanoseconds: Int
        var size: Int
    }

    private let root: String?
    private let isWatching: Bool
    private let limits: SocketServerLimits
    private var files: [String: StaticFile] = [:]
    private var stamps: [String: Stamp] = [:]

    /// Reads all files below `root`; names that start with a dot are left out.
    init(
        root: String?, isWatching: Bool, limits: SocketServerLimits
    ) throws(SocketServerError) {
        self.root = root
        self.isWatching = isWatching
        self.limits = limits
        guard let root else { return }
        try read(folder: root, at: "/", depth: 0)
    }

    /// The file at a request's path; a folder's is its `index.html`, and a path without an ending may
    /// leave out `.json`, so that documents have addresses without one.
    ///
    /// Only names that were found in the folder match, so no path can lead out of it.
    func file(at path: String) -> StaticFile? {
        guard root != nil else { return nil }
        if path.hasSuffix("/") { return file(named: path + "index.html") }
        return file(named: path) ?? file(named: path + ".json")
    }

    private func file(named name: String) -> StaticFile? {
        if isWatching { refresh(name) }
        return files[name]
    }

    private func read(
        folder: String, at path: String, depth: Int
    ) throws(SocketServerError) {
        guard depth < 8, let directory = unsafe opendir(folder) else {
            throw SocketServerError(
                code: .webRoot,
                message: "cannot read the web folder \(folder): "
                    + (unsafe String(cString: strerror(errno))))
        }
        var names: [(String, Bool)] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            guard !name.hasPrefix("."), let kind = Self.look(at: "\(folder)/\(name)") else {
                continue
            }
            names.append((name, kind.isFolder))
        }
        unsafe closedir(directory)
        for (name, isFolder) in names.sorted(by: { $0.0 < $1.0 }) {
            if isFolder {
                try read(folder: "\(folder)/\(name)", at: "\(path)\(name)/", depth: depth + 1)
            } else {
                load("\(folder)/\(name)", as: UrlText.encodePath(Array("\(path)\(name)".utf8)))
            }
        }
        guard files.count <= limits.files else {
            throw SocketServerError(
                code: .webRoot,
                message: "the web folder \(root ?? "") has more than \(limits.files) files")
        }
    }

    /// Reads a file again if it has changed, appeared or gone.
    private func refresh(_ name: String) {
        guard let root, !name.contains("%"),
            !name.split(separator: "/").contains(where: { $0.hasPrefix(".") })
        else { return }
        guard let kind = Self.look(at: root + name), !kind.isFolder else {
            files[name] = nil
            stamps[name] = nil
            return
        }
        guard stamps[name] != kind.stamp else { return }
        load(root + name, as: name)
    }

    private func load(_ file: String, as name: String) {
        guard let kind = Self.look(at: file), kind.stamp.size <= limits.fileBytes,
            files.count <= limits.files, let bytes = Self.contents(of: file, size: kind.stamp.size)
        else { return }
        let zipped = MediaType.isCompressible(name) ? Gzip.compress(bytes) : nil
        stamps[name] = kind.stamp
        files[name] = StaticFile(
            plain: bytes,
            compressed: zipped.flatMap { $0.count < bytes.count * 9 / 10 ? $0 : nil },
            hash: Self.hash(bytes), mediaType: MediaType.of(name),
            // Names carry no version, so browsers ask each time; the tag makes that cheap.
            cacheControl: "no-cache")
    }

    private static func look(at path: String) -> (stamp: Stamp, isFolder: Bool)? {
        var info = Glibc.stat()
        guard unsafe stat(path, &info) == 0 else { return nil }
        let stamp = Stamp(
            seconds: info.st_mtim.tv_sec, nanoseconds: info.st_mtim.tv_nsec, size: Int(info.st_size)
        )
        switch info.st_mode & S_IFMT {
        case S_IFDIR: return (stamp, true)
        case S_IFREG: return (stamp, false)
        default: return nil
        }
    }

    private static func contents(of path: String, size: Int) -> [UInt8]? {
        guard let file = unsafe fopen(path, "rb") else { return nil }
        defer { unsafe fclose(file) }
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = unsafe fread(buffer.baseAddress, 1, size, file)
        }
    }

    /// SHA-1 in hexadecimal digits: it tells versions apart, it guards nothing.
    private static func hash(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 20)
        unsafe lws_SHA1(bytes, bytes.count, &digest)
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
