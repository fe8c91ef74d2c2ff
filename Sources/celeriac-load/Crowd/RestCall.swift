internal import WireFormats

/// One GET request of the gateway's REST interface, on a connection of its own.
enum RestCall {
    /// Bytes of an answer at most.
    private static let bodyLimit = 64 << 20

    static func get(_ path: String, host: String, port: UInt16, token: String) throws -> JsonValue {
        let socket = try TcpSocket(host: host, port: port)
        let request =
            "GET \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nAuthorization: Bearer \(token)\r\n"
            + "Connection: close\r\n\r\n"
        try socket.write(Array(request.utf8))
        var (head, body) = try WebSocketHandshake.readHead(socket)
        guard head.starts(with: Array("HTTP/1.1 200".utf8)) else {
            throw LoadError("\(path): \(String(decoding: head.prefix(60), as: UTF8.self))")
        }
        guard let length = length(head), length <= bodyLimit else {
            throw LoadError(
                "\(path): an answer without a length, or of more than \(bodyLimit) bytes")
        }
        while body.count < length { body += try socket.read() }
        return try JsonReader.parse(body, limits: .celery)
    }

    private static func length(_ head: [UInt8]) -> Int? {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let line = lines.first { $0.lowercased().hasPrefix("content-length:") }
        return line.flatMap { Int($0.split(separator: ":")[1].filter { $0 != " " }) }
    }
}
