internal import EventLoop
internal import Glibc
internal import Logging
package import Ports

extension SocketServer {
    /// Takes a socket that the listener has accepted, or refuses it.
    func acceptWaiting(_ descriptor: Int32) {
        let limits = configuration.limits
        let peer = SocketNames.peer(descriptor)
        let isCounted = isCounted(peer)
        guard connectionCount < limits.connections,
            !isCounted || connectionsByAddress[peer, default: 0] < limits.connectionsPerAddress
        else {
            Glibc.close(descriptor)
            return
        }
        guard let admission else {
            adopt(descriptor)
            return
        }
        connectionsByAddress[peer, default: 0] += 1
        admission.add(descriptor, peer: peer)
    }

    /// A connection need not wait any more for its handshake of TLS, or may not.
    func tlsDecided(_ peer: String, _ outcome: TlsAdmission.Outcome) {
        // As a connection of libwebsockets it is counted anew.
        decrement(&connectionsByAddress, peer)
        switch outcome {
        case .admitted(let descriptor): adopt(descriptor)
        case .silent: break
        case .refused: noteTlsRefusal()
        }
    }

    private func noteTlsRefusal() {
        tlsRefused += 1
        let now = LoopActor.loop.milliseconds
        guard refusedTlsAt.map({ now - $0 >= 10_000 }) ?? true else { return }
        refusedTlsAt = now
        let limits = configuration.limits
        logger.warning(
            "connections are closed: too many wait for their TLS handshake",
            metadata: [
                "waiting": "\(limits.tlsHandshakesWaiting)",
                "perSecond": "\(limits.tlsHandshakesPerSecond)",
            ])
    }

    /// Gives a socket to libwebsockets.
    private func adopt(_ descriptor: Int32) {
        SocketNames.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // Room for a whole answer: while one waits for the peer to read, libwebsockets would be
        // woken by everything that the peer sends, without reading it.
        SocketNames.set(descriptor, SOL_SOCKET, SO_SNDBUF, Self.requestSendBuffer)
        lastNumber += 1
        admission?.began(lastNumber)
        library.adopt(descriptor, number: lastNumber)
    }

    /// Whether the bounds per address hold for a peer: not for the one address of a proxy, behind which
    /// everybody is; sockets are counted by the client that it names.
    func isCounted(_ peer: String) -> Bool {
        (configuration.limits.isLoopbackCounted || !SocketNames.isLoopback(peer))
            && !configuration.trustedProxies.contains(peer)
    }

    private static let requestSendBuffer: Int32 = 1 << 20

    /// libwebsockets has made a connection of it.
    func connectionAccepted(_ wsi: BorrowedWsi) {
        let number = wsi.number
        guard number != 0 else { return }
        let peer = SocketNames.peer(wsi.descriptor)
        connections[number] = Connection(number: number, wsi: wsi, peer: peer)
        connectionsByAddress[peer, default: 0] += 1
    }

    /// The connection is about to be freed.
    func connectionGone(_ connection: Connection) {
        admission?.ended(connection.number)
        connections[connection.number] = nil
        decrement(&connectionsByAddress, connection.peer)
        guard let socket = connection.socket, let entry = connection.entry else { return }
        connection.socket = nil
        sockets.remove(connection)
        decrement(&socketsByAddress, socket.address)
        if socket.isStranger { strangerGone(socket.address) }
        pingRing[pingSlot(connection.number)].remove(connection.number)
        handler.socketClosed(SocketID(number: entry.number), code: socket.closeCode)
    }

    package func recognize(_ socket: SocketID) {
        guard let connection = sockets[socket.number], let state = connection.socket,
            state.isStranger
        else { return }
        connection.socket?.isStranger = false
        strangerGone(state.address)
    }

    /// A WebSocket is open, and nobody knows yet whose it is.
    func strangerCame(_ address: String) {
        strangers += 1
        strangersByAddress[address, default: 0] += 1
    }

    private func strangerGone(_ address: String) {
        strangers -= 1
        decrement(&strangersByAddress, address)
    }

    private func decrement(_ counts: inout [String: Int], _ key: String) {
        guard let count = counts[key] else { return }
        counts[key] = count > 1 ? count - 1 : nil
    }

    func pingSlot(_ number: UInt64) -> Int { Int(number % UInt64(pingRing.count)) }

    /// Once a second: pings the sockets whose turn it is, and cuts off the silent ones.
    func sweep() {
        pingHand = (pingHand + 1) % pingRing.count
        let now = LoopActor.loop.milliseconds
        let silence = UInt64(max(1, configuration.limits.silence.components.seconds)) * 1000
        for number in pingRing[pingHand] {
            guard let connection = connections[number], let socket = connection.socket
            else { continue }
            if now - min(now, socket.lastHeard) > silence {
                connection.wsi.kill()
            } else if socket.isOpen, socket.pending.isEmpty, !connection.wsi.isPartial {
                // A socket that cannot take bytes needs no ping: TCP_USER_TIMEOUT watches it.
                _ = connection.wsi.write(WebSocketFrame.ping)
            }
        }
    }
}
