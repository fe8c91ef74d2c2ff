internal import Glibc

/// One address the system can connect to.
struct SocketAddress {
    private(set) var storage = sockaddr_storage()
    private(set) var length: socklen_t = 0
    private(set) var family: Int32 = 0

    /// All addresses of an endpoint, in the order to try them. Blocks while a name is looked up,
    /// so never call it on the loop.
    static func resolve(_ endpoint: RedisEndpoint) throws(LinkFailure) -> [SocketAddress] {
        switch endpoint {
        case .unixSocket(let path): [try SocketAddress(path: path)]
        case .tcp(let host, let port): try lookUp(host, port)
        }
    }

    private init() {}

    private init(path: String) throws(LinkFailure) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < room, !bytes.contains(0) else {
            throw LinkFailure("socket path \(path): must have 1 to \(room - 1) bytes")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let value = address
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe withUnsafeBytes(of: value) { unsafe target.copyMemory(from: $0) }
        }
        family = AF_UNIX
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
    }

    private static func lookUp(_ host: String, _ port: Int) throws(LinkFailure) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            let text = unsafe String(cString: gai_strerror(result))
            throw LinkFailure("looking up \(host): \(text)")
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next, found.count < 8 {
            if let source = unsafe entry.pointee.ai_addr {
                var address = SocketAddress()
                let size = unsafe min(
                    Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
                unsafe withUnsafeMutableBytes(of: &address.storage) {
                    unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: size))
                }
                address.length = socklen_t(size)
                address.family = unsafe entry.pointee.ai_family
                found.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return found
    }
}
