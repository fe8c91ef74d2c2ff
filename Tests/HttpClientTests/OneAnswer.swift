import Dispatch
import Foundation
import Glibc
import Synchronization

/// A server of one connection, which says the same whatever it is asked.
final class OneAnswer: Sendable {
    struct Failure: Error {}

    let url: String
    private let heard = Mutex("")
    private let listener: Int32
    private let client = Mutex<Int32>(-1)
    private let gate = DispatchSemaphore(value: 0)

    /// What the client has sent.
    var request: String { heard.withLock { $0 } }

    /// - Parameters:
    ///   - staysOpen: whether the connection is left open when all is said.
    ///   - waits: whether it says nothing before ``goOn()``.
    init(_ answer: String, staysOpen: Bool = false, waits: Bool = false) throws {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(made, name, length) == 0 && listen(made, 1) == 0
                    && getsockname(made, name, &length) == 0
            }
        }
        guard made >= 0, isListening else { throw Failure() }
        listener = made
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
        if !waits { gate.signal() }
        Thread.detachNewThread { [self] in serve(answer, staysOpen) }
    }

    /// Lets it answer.
    func goOn() { gate.signal() }

    deinit {
        close(listener)
        let client = client.withLock { $0 }
        if client >= 0 { close(client) }
    }

    private func serve(_ answer: String, _ staysOpen: Bool) {
        let accepted = accept(listener, nil, nil)
        guard accepted >= 0 else { return }
        client.withLock { $0 = accepted }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        // Our requests are one head, and perhaps a body of three bytes.
        while !isWhole {
            let count = recv(accepted, &bytes, bytes.count, 0)
            guard count > 0 else { return }
            heard.withLock { $0 += String(decoding: bytes[..<count], as: UTF8.self) }
        }
        gate.wait()
        var rest = Array(answer.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(accepted, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
        if !staysOpen { shutdown(accepted, Int32(SHUT_RDWR)) }
    }

    private var isWhole: Bool {
        let text = request
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        return text.hasPrefix("GET") || text[end.upperBound...].count >= 3
    }
}
