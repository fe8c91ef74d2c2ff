internal import EventLoop
internal import Glibc
package import Ports

extension SocketServer {
    // MARK: - What the gateway asks

    @discardableResult
    package func send(_ frames: [SharedFrame], to socket: SocketID) -> Bool {
        guard let outlet = sockets.outlet(of: socket.number), !outlet.wsi.isPartial else {
            keep(frames, for: socket)
            return false
        }
        switch write(frames[...], to: outlet) {
        case .whole:
            return true
        case .kept:
            sockets[socket.number]?.socket?.owesDrained = true
        case .failed:
            outlet.wsi.kill()
        }
        return false
    }

    package func send(_ frames: [SharedFrame], to ids: [SocketID]) {
        for start in stride(from: 0, to: ids.count, by: Self.groupSize) {
            let group = ids[start..<min(start + Self.groupSize, ids.count)]
            // Whether libwebsockets keeps something for a connection stands in memory that comes from afar. Asked
            // for one after the other without a write between, the memory of a whole group comes at the same time.
            for id in group { _ = sockets.outlet(of: id.number)?.wsi.isPartial }
            for id in group { send(frames, to: id) }
        }
    }

    /// Connections that are looked at before the first of them is written to.
    private static let groupSize = 8

    /// Keeps frames that cannot be written now, until the writable callback.
    private func keep(_ frames: [SharedFrame], for id: SocketID) {
        guard let connection = sockets[id.number], let socket = connection.socket, socket.isOpen
        else { return }
        if !frames.isEmpty, socket.holdsBack, socket.pending.isEmpty, !connection.wsi.isPartial {
            connection.socket?.hasHeldBack = true
        }
        for frame in frames where connection.socket?.isOpen == true {
            keep(frame, for: connection)
        }
    }

    /// Writes frames with one call of the kernel; nothing waits to be written before them.
    private func write(
        _ frames: ArraySlice<SharedFrame>, to outlet: Outlet
    ) -> BorrowedWsi.Written {
        let isDeflated = outlet.isDeflated
        guard frames.count > 1 else {
            guard let frame = frames.first else { return .whole }
            return outlet.write(bytes(of: frame, isDeflated: isDeflated))
        }
        if !joined.holds(frames, isDeflated: isDeflated) {
            // Taken out meanwhile, so that it is not copied when it changes.
            var next = joined
            joined = JoinedFrames()
            next.fill(frames, isDeflated: isDeflated) {
                bytes(of: $0, isDeflated: isDeflated)
            }
            joined = next
        }
        defer { joined.trim() }
        return outlet.write(joined.bytes)
    }

    /// A frame as a connection gets it: compressed, if its peer takes that and it is worth it.
    private func bytes(of frame: SharedFrame, isDeflated: Bool) -> [UInt8] {
        guard isDeflated, frame.isCompressible,
            frame.bytes.count - frame.payloadOffset >= Self.compressedBytes
        else { return frame.bytes }
        if case .untried = frame.compressed {
            frame.compressed = compress(frame)
        }
        guard case .done(let bytes) = frame.compressed else { return frame.bytes }
        return bytes
    }

    private func compress(_ frame: SharedFrame) -> SharedFrame.Compressed {
        framesCompressed += 1
        let first = frame.bytes[0]
        let payload = frame.bytes[frame.payloadOffset...]
        guard let deflated = deflater.compress(payload), deflated.count < payload.count else {
            return .useless
        }
        return .done(SharedFrame.head(first | 0x40, length: deflated.count) + deflated)
    }

    /// Bytes from which on a payload is compressed (R52).
    private static let compressedBytes = 1_024

    private func keep(_ frame: SharedFrame, for connection: Connection) {
        let limits = configuration.limits
        guard var socket = connection.socket else { return }
        connection.socket = nil
        socket.pending.append(frame)
        socket.pendingBytes += frame.bytes.count
        socket.owesDrained = true
        let isTooMuch =
            socket.pendingBytes > limits.pendingBytes
            || socket.pending.count - socket.written > limits.pendingFrames
        connection.socket = socket
        if isTooMuch {
            writeClose(connection, code: 4408, reason: "slow")
        } else {
            connection.wsi.askForWritable()
        }
    }

    package func isDrained(_ socket: SocketID) -> Bool {
        if let outlet = sockets.outlet(of: socket.number) { return !outlet.wsi.isPartial }
        guard let connection = sockets[socket.number], let state = connection.socket else {
            return false
        }
        return state.isOpen && state.pending.isEmpty && !connection.wsi.isPartial
    }

    package func close(_ socket: SocketID, code: UInt16, reason: String) {
        guard let connection = sockets[socket.number] else { return }
        writeClose(connection, code: code, reason: reason)
    }

    /// Writes a Close frame and waits a little for the peer's.
    ///
    /// libwebsockets' own way (a reason and -1 from a callback) loses the frame under libuv in
    /// Debian's build: it closes a second time before the frame is out.
    func writeClose(_ connection: Connection, code: UInt16, reason: String) {
        guard connection.socket?.isOpen == true else { return }
        writeHeldBack(connection)
        connection.socket?.hasSentClose = true
        connection.socket?.closeCode = code
        connection.socket?.forgetPending()
        guard connection.wsi.write(WebSocketFrame.close(code: code, reason: reason)) else {
            connection.wsi.kill()
            return
        }
        connection.wsi.setTimeout(configuration.limits.closing)
        connection.wsi.wakeTimers()
    }

    /// Writes what only waits for a pong: an end comes before the writable callback would.
    private func writeHeldBack(_ connection: Connection) {
        guard let socket = connection.socket, socket.hasHeldBack, !connection.wsi.isPartial else {
            return
        }
        _ = write(
            socket.pending[socket.written...], to: Outlet(connection, isPlain: isPlain))
        connection.socket?.forgetPending()
    }

    // MARK: - What libwebsockets tells

    /// The 101 is written; the socket is open.
    func socketEstablished(_ connection: Connection) -> Bool {
        guard case .upgrading(let request) = connection.phase else { return false }
        connection.phase = .socket
        connection.wsi.clearTimeout()
        let descriptor = connection.wsi.descriptor
        // Small buffers keep stale state out of the kernel (R46); a dead peer is noticed in 20 s.
        SocketNames.set(descriptor, SOL_SOCKET, SO_SNDBUF, 128 * 1024)
        SocketNames.set(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, 16 * 1024)
        SocketNames.set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 20_000)
        let limits = configuration.limits
        connection.socket = SocketState(
            address: request.peer,
            assembler: MessageAssembler(
                byteLimit: limits.messageBytes, fragmentLimit: limits.fragments),
            lastHeard: LoopActor.loop.milliseconds)
        guard sockets.add(connection, isPlain: isPlain), let entry = connection.entry else {
            connection.socket = nil
            return false
        }
        socketsByAddress[request.peer, default: 0] += 1
        strangerCame(request.peer)
        pingRing[pingSlot(connection.number)].insert(connection.number)
        handler.socketOpened(SocketID(number: entry.number), request: request)
        return true
    }

    /// Whether what comes is thrown away, for our Close is out. Whoever goes on as if it were not is not
    /// read any more: the end, when the time to answer the Close is over, leaves time to read it.
    func isIgnored(_ connection: Connection) -> Bool {
        guard let socket = connection.socket, !socket.isOpen else { return false }
        connection.socket?.ignoredPieces += 1
        if socket.ignoredPieces == configuration.limits.piecesBehindClose {
            connection.wsi.allowReading(false)
        }
        return true
    }

    /// A piece of a message, unmasked, at its place in libwebsockets' read buffer.
    func pieceReceived(_ connection: Connection, _ piece: [UInt8], at address: UInt) {
        guard var socket = connection.socket, socket.isOpen else { return }
        let wsi = connection.wsi
        let remaining = wsi.remainingPayload
        let isNewFrame = socket.remaining == 0
        connection.socket?.lastHeard = LoopActor.loop.milliseconds
        if isNewFrame, !FrameMask.isMasked(piece, at: address, remaining, library.readBuffer) {
            writeClose(connection, code: 1002, reason: "frames must be masked")
            return
        }
        guard
            !wsi.hasExtensionBit || (wsi.isFirstFragment && connection.deflate != nil)
                || !isNewFrame
        else {
            // RSV1 is for the first frame of a message only (RFC 7692, 6.1).
            writeClose(connection, code: 1002, reason: "an extension bit inside of a message")
            return
        }
        guard configuration.takesBinary || !wsi.isBinary else {
            writeClose(connection, code: 1003, reason: "text only")
            return
        }
        connection.socket = nil
        socket.lastHeard = LoopActor.loop.milliseconds
        socket.remaining = remaining
        socket.holdsBack =
            isNewFrame ? socket.assembler.fragments > 0 : socket.assembler.fragments > 1
        let outcome = socket.assembler.add(
            piece, isNewFrame: isNewFrame, remaining: remaining, isFinal: wsi.isFinalFragment,
            isCompressed: isNewFrame && wsi.hasExtensionBit, isText: !wsi.isBinary)
        connection.socket = socket
        switch outcome {
        case .more:
            break
        case .message(let text):
            deliver(text, to: connection)
        case .compressed(let bytes):
            inflate(bytes, of: connection)
        case .tooBig: refuseSize(connection)
        case .notText:
            writeClose(connection, code: 1007, reason: "invalid UTF-8")
        }
        connection.socket?.holdsBack = false
    }

    /// Hands on the message whose last piece came just now.
    private func deliver(_ message: [UInt8], to connection: Connection) {
        guard let entry = connection.entry else { return }
        let socket = SocketID(number: entry.number)
        if connection.wsi.isBinary {
            handler.socketReceived(socket, binary: message)
        } else {
            handler.socketReceived(socket, text: message)
        }
    }

    private func refuseSize(_ connection: Connection) {
        writeClose(
            connection, code: 1009,
            reason: "a message holds at most \(configuration.limits.messageBytes) bytes")
    }

    /// A compressed message is complete: whatever it swells to, no more of it than a message may hold is
    /// ever written (R53).
    private func inflate(_ bytes: [UInt8], of connection: Connection) {
        switch inflater.inflate(bytes, limit: configuration.limits.messageBytes) {
        case .message(let bytes):
            var checker = Utf8Checker()
            guard connection.wsi.isBinary || checker.accept(bytes), checker.isComplete else {
                writeClose(connection, code: 1007, reason: "invalid UTF-8")
                return
            }
            deliver(bytes, to: connection)
        case .tooBig: refuseSize(connection)
        case .broken: writeClose(connection, code: 1007, reason: "cannot inflate")
        }
    }

    /// The kernel takes bytes again.
    func socketWritable(_ connection: Connection) -> Bool {
        guard var socket = connection.socket, socket.isOpen else { return true }
        connection.socket = nil
        defer { connection.socket = socket }
        while socket.written < socket.pending.count, !connection.wsi.isPartial {
            let frame = socket.pending[socket.written]
            socket.written += 1
            socket.pendingBytes -= frame.bytes.count
            let bytes = bytes(of: frame, isDeflated: connection.deflate != nil)
            guard connection.wsi.write(bytes) else { return false }
        }
        guard socket.written == socket.pending.count else {
            connection.wsi.askForWritable()
            return true
        }
        socket.forgetPending()
        guard socket.owesDrained, !connection.wsi.isPartial, let entry = connection.entry else {
            return true
        }
        socket.owesDrained = false
        connection.socket = socket
        handler.socketDrained(SocketID(number: entry.number))
        socket = connection.socket ?? socket
        return true
    }

    /// The peer's Close frame, first or as the answer to ours.
    ///
    /// - Returns: whether libwebsockets shall answer it.
    func closeReceived(_ connection: Connection, _ payload: [UInt8]) -> Bool {
        guard var socket = connection.socket else { return false }
        defer { connection.socket = socket }
        guard !socket.hasSentClose else { return false }
        var checker = Utf8Checker()
        let isText = checker.accept(payload.dropFirst(2)) && checker.isComplete
        guard isText, payload.count != 1 else {
            connection.socket = socket
            // A payload of one byte has no code (RFC 6455, 5.5.1); libwebsockets would send it back.
            writeClose(
                connection, code: isText ? 1002 : 1007,
                reason: isText ? "half a close code" : "invalid UTF-8")
            socket = connection.socket ?? socket
            return false
        }
        writeHeldBack(connection)
        socket.hasReceivedClose = true
        socket.closeCode =
            payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : 1005
        socket.forgetPending()
        connection.wsi.setTimeout(configuration.limits.closing)
        return true
    }

    /// libwebsockets ends the connection, after a protocol error with a reason that it has ready: it is
    /// written here, so that it is the only one.
    func socketDropped(_ connection: Connection) {
        guard let socket = connection.socket else { return }
        connection.socket?.hasSentClose = true
        let prepared = connection.wsi.preparedClose
        guard prepared.count >= 2 else { return }
        if socket.isOpen {
            writeHeldBack(connection)
            connection.socket?.closeCode = UInt16(prepared[0]) << 8 | UInt16(prepared[1])
            _ = connection.wsi.write(WebSocketFrame.close(payload: prepared))
        }
        // Its own Close would be a second one. And it would wait for the answer from inside of the frame that
        // it has refused, so that it would not know it as one. An end is what the peer waits for now.
        if !connection.wsi.isPartial { SocketNames.endSending(connection.wsi.descriptor) }
    }
}
