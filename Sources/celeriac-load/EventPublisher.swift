internal import Foundation
internal import WireFormats

/// Publishes `task-received` events as a worker would; the task id names the event's number.
final class EventPublisher {
    private let socket: TcpSocket
    private let channel: [UInt8]
    private let prefix: [UInt8]
    private let run = String(UInt32.random(in: 0...UInt32.max), radix: 36)

    init(host: String, port: UInt16, channel: String) throws {
        socket = try TcpSocket(host: host, port: port)
        self.channel = Array(channel.utf8)
        prefix = Array("load-\(run)-".utf8)
    }

    /// Publishes one event and waits until Redis has it.
    func publish(_ number: Int) throws {
        try publish(number..<number + 1)
    }

    /// Publishes events, each in a message of its own, and waits until Redis has all of them.
    ///
    /// - Parameter numbers: so few that their answers fit the socket's buffer: at most ``most``.
    func publish(_ numbers: Range<Int>) throws {
        var commands: [UInt8] = []
        for number in numbers { commands += command(number) }
        try socket.write(commands)
        // Each answer is `:1\r\n`, or has another number in it.
        var missing = numbers.count
        while missing > 0 {
            missing -= try socket.read(limit: 16_384).count { $0 == UInt8(ascii: "\n") }
        }
    }

    /// Events in one call at most.
    static let most = 500

    private func command(_ number: Int) -> [UInt8] {
        let id = "load-\(run)-\(number)"
        var body = JsonWriter()
        body.value([
            [
                "type": "task-received", "uuid": .string(id), "hostname": "load@bench",
                "timestamp": .number(Date().timeIntervalSince1970), "utcoffset": 0, "pid": 1,
                "clock": .integer(Int64(number)), "name": "load.task", "args": "()",
                "kwargs": "{}", "root_id": .string(id), "parent_id": nil, "retries": 0,
                "eta": nil, "expires": nil,
            ]
        ])
        var message = JsonWriter()
        message.beginObject()
        message.name("body")
        message.base64(body.bytes)
        message.member("content-encoding", "utf-8")
        message.member("content-type", "application/json")
        message.member("headers", ["hostname": "load@bench"] as JsonValue)
        message.member(
            "properties",
            [
                "delivery_mode": 1, "body_encoding": "base64", "delivery_tag": .string(id),
                "delivery_info": ["exchange": "celeryev", "routing_key": "task.multi"],
                "priority": 0,
            ] as JsonValue)
        message.endObject()
        var command = Array("*3\r\n$7\r\nPUBLISH\r\n$\(channel.count)\r\n".utf8) + channel
        command += Array("\r\n$\(message.bytes.count)\r\n".utf8) + message.bytes + [13, 10]
        return command
    }

    /// The number of an event of this run, from its task id.
    func number(of id: String) -> Int? {
        let text = id.utf8
        guard text.starts(with: prefix) else { return nil }
        return Int(id[text.index(text.startIndex, offsetBy: prefix.count)...])
    }
}
