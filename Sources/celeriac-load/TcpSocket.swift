internal import Foundation

/// A plain TCP connection to an address on this machine, with deadlines by `poll`.
final class TcpSocket {
    let descriptor: Int32

    /// Connects; only loopback addresses are taken, so that a load never leaves the machine.
    ///
    /// - Parameter receiveBuffer: bytes that the kernel keeps for it, if not its own number.
    init(host: String, port: UInt16, receiveBuffer: Int32? = nil) throws {
        guard host == "127.0.0.1" || host == "localhost" else {
            throw LoadError("\(host) is not on this machine; load goes to 127.0.0.1 only")
        }
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw LoadError("no socket: errno \(errno)") }
        if var receiveBuffer {
            unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer,
                socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw LoadError("cannot connect to port \(port): errno \(errno)") }
        var one: Int32 = 1
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// Writes all bytes.
    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw LoadError("the connection broke: errno \(errno)") }
            sent += count
        }
    }

    /// Reads what is there, at most `limit` bytes; waits for the first byte.
    func read(limit: Int = 65_536) throws -> [UInt8] {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = unsafe max(0, recv(descriptor, buffer.baseAddress, limit, 0))
        }
        guard !bytes.isEmpty else { throw LoadError("the peer closed the connection") }
        return bytes
    }
}

/// Why a measurement could not be made.
struct LoadError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
