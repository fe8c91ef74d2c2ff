internal import Glibc

/// Addresses and options of sockets, in Swift's types.
enum SocketNames {
    /// Writes an IPv4 or IPv6 address into `storage`.
    ///
    /// - Returns: the length of the address, or `nil` if `host` is none.
    static func fill(
        _ storage: inout sockaddr_storage, host: String, port: UInt16
    ) -> socklen_t? {
        var four = sockaddr_in()
        if unsafe inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &storage) { target in
                unsafe withUnsafeBytes(of: four) { unsafe target.copyMemory(from: $0) }
            }
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        }
        var six = sockaddr_in6()
        if unsafe inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &storage) { target in
                unsafe withUnsafeBytes(of: six) { unsafe target.copyMemory(from: $0) }
            }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
        return nil
    }

    /// Lends the address as the type that the socket calls want.
    static func withAddress<T>(
        _ storage: inout sockaddr_storage, _ body: (UnsafeMutablePointer<sockaddr>) -> T
    ) -> T {
        unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
        }
    }

    /// The address that a socket is bound to.
    static func own(_ descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withAddress(&storage) { unsafe getsockname(descriptor, $0, &length) }
        return result == 0 ? name(of: &storage, length: length) : nil
    }

    /// The address at the other end; an IPv4 address that came over IPv6 is told as IPv4.
    static func peer(_ descriptor: Int32) -> String {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withAddress(&storage) { unsafe getpeername(descriptor, $0, &length) }
        guard result == 0, let host = name(of: &storage, length: length)?.host else { return "" }
        return host.hasPrefix("::ffff:") ? String(host.dropFirst(7)) : host
    }

    /// Whether an address is of this machine: a reverse proxy, or a local program.
    static func isLoopback(_ host: String) -> Bool {
        host == "::1" || host.hasPrefix("127.")
    }

    /// Sets an integer option; failing means the kernel lacks it, which harms nothing.
    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(
            descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Ends what goes out, behind all that was written; what comes in is still read.
    static func endSending(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    private static func name(
        of storage: inout sockaddr_storage, length: socklen_t
    ) -> SocketAddress? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let hostLength = socklen_t(host.count)
        let serviceLength = socklen_t(service.count)
        let result = unsafe withAddress(&storage) { address in
            unsafe getnameinfo(
                address, length, &host, hostLength, &service, serviceLength,
                NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard result == 0 else { return nil }
        func text(_ characters: [CChar]) -> String {
            String(
                decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
                as: UTF8.self)
        }
        guard let port = UInt16(text(service)) else { return nil }
        return SocketAddress(host: text(host), port: port)
    }
}
