import EventLoop
import Glibc
import Synchronization

/// A TCP server that answers whatever it reads with the next of some fixed texts: a hostile Redis.
final class RawServer: Sendable {
    let port: Int
    private let descriptor: Int32
    private let accepted = Mutex<[Int32]>([])

    /// Connections so far.
    var connections: Int { accepted.withLock { $0.count } }

    /// Answers every connection with `answers`, one each time it says something, and leaves it open.
    init(answers: [[UInt8]]) throws {
        EventLoop.shared.startThread()
        let listener = try Self.listen()
        (descriptor, port) = listener
        var handle = pthread_t()
        let box = Unmanaged.passRetained(Job(server: self, answers: answers))
        pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
                job.server.serve(job.answers)
                return nil
            }, box.toOpaque())
        pthread_detach(handle)
    }

    /// What a friendly server answers to a greeting without credentials.
    static let greeting = Array(
        "+OK\r\n$20\r\nredis_version:7.0.15\r\n*1\r\n$6\r\nmaster\r\n+PONG\r\n+OK\r\n+OK\r\n"
            .utf8)

    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        accepted.withLock { all in
            for one in all where one >= 0 { shutdown(one, Int32(SHUT_RDWR)) }
        }
    }

    private final class Job {
        let server: RawServer
        let answers: [[UInt8]]
        init(server: RawServer, answers: [[UInt8]]) {
            self.server = server
            self.answers = answers
        }
    }

    private func serve(_ answers: [[UInt8]]) {
        while true {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else { break }
            accepted.withLock { $0.append(connection) }
            var room = [UInt8](repeating: 0, count: 4096)
            for answer in answers {
                guard read(connection, &room, room.count) > 0 else { break }
                _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
            }
        }
        close(descriptor)
        for one in accepted.withLock({ $0 }) { close(one) }
    }

    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && Glibc.listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard bound else { throw Overdue(description: "no free port") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
