internal import WireFormats

/// The client's half of a WebSocket handshake (RFC 6455, 4.1), without checking the server's proof: who
/// answers is the gateway that the benchmark started.
enum WebSocketHandshake {
    /// Bytes of an answer's head at most.
    private static let headLimit = 16_384

    /// Shakes hands.
    ///
    /// - Returns: what came behind the head of the answer.
    static func shakeHands(_ socket: TcpSocket, host: String, port: UInt16) throws -> [UInt8] {
        let head = """
            GET /ws/v1 HTTP/1.1\r
            Host: \(host):\(port)\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Protocol: \(ClientProtocol.subprotocol)\r
            \r\n
            """
        try socket.write(Array(head.utf8))
        let (answer, rest) = try readHead(socket)
        guard answer.starts(with: Array("HTTP/1.1 101".utf8)) else {
            throw LoadError("no upgrade: \(String(decoding: answer.prefix(120), as: UTF8.self))")
        }
        return rest
    }

    /// Reads an answer's head, and what came behind it.
    static func readHead(_ socket: TcpSocket) throws -> (head: [UInt8], rest: [UInt8]) {
        var answer: [UInt8] = []
        while answer.count <= headLimit {
            answer += try socket.read()
            guard answer.count >= 4,
                let end = (4...answer.count).first(where: { Array(answer[$0 - 4..<$0]) == mark })
            else { continue }
            return (Array(answer[..<end]), Array(answer[end...]))
        }
        throw LoadError("the head of an answer is longer than \(headLimit) bytes")
    }

    private static let mark = Array("\r\n\r\n".utf8)
}
