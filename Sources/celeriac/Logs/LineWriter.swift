internal import Glibc
internal import Synchronization

/// Writes whole lines to a descriptor, and never waits for it: a line that finds no room is lost.
///
/// Whoever reads the log may have stopped; the gateway goes on. The descriptor stays a blocking one:
/// whether it blocks is a property of the open file, which the shell and other programs share.
final class LineWriter: Sendable {
    /// Bytes that a pipe takes without waiting once it says that there is room (`PIPE_BUF`, pipe(7)).
    private static let slice = 4_096

    private let descriptor: Int32
    /// Whether the last line was cut, so that the next one must not continue it; also keeps lines whole,
    /// and the room that was found for the one who found it.
    private let isCut = Mutex(false)

    /// - Parameter descriptor: a file, a terminal, a pipe or a socket; stays the caller's.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes a line that ends with a line feed, or as much of it as there is room for.
    func write(_ line: [UInt8]) {
        isCut.withLock { isCut in
            if isCut {
                guard put([UInt8(ascii: "\n")]) else { return }
                isCut = false
            }
            var rest = line[...]
            while !rest.isEmpty {
                guard put(Array(rest.prefix(Self.slice))) else {
                    isCut = rest.count < line.count
                    return
                }
                rest = rest.dropFirst(Self.slice)
            }
        }
    }

    /// Writes a slice if there is room for it now.
    private func put(_ slice: [UInt8]) -> Bool {
        var asked = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&asked, 1, 0) == 1, asked.revents & Int16(POLLOUT) != 0 else {
            return false
        }
        return unsafe slice.withUnsafeBytes { bytes in
            unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count) == bytes.count
        }
    }
}
