import EventLoop
import Glibc
import Testing

@testable import SocketServer

/// What the kernel may keep for a WebSocket, and when it gives a peer up (R46).
@Suite struct SocketOptionsTests {
    @Test func `stale state does not wait in the kernel, and a dead peer is given up`() async throws
    {
        try await withServer { server in
            let client = try server.socket()
            let options = await Self.options(server.server)
            client.close()

            // The kernel doubles what it is asked for, for what it keeps beside the bytes.
            let wanted: [Int32] = [262_144, 16_384, 20_000, 1]
            #expect(options == wanted)
        }
    }

    @LoopActor private static func options(_ server: SocketServer) -> [Int32] {
        guard let descriptor = server.connections.values.first?.wsi.descriptor else { return [] }
        let tcp = Int32(IPPROTO_TCP)
        let asked = [
            (SOL_SOCKET, SO_SNDBUF), (tcp, TCP_NOTSENT_LOWAT), (tcp, TCP_USER_TIMEOUT),
            (tcp, TCP_NODELAY),
        ]
        return asked.map { level, option in
            var value: Int32 = -1
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, level, option, &value, &length)
            return value
        }
    }
}
