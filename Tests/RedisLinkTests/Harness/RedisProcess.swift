import EventLoop
import Foundation
import Glibc
import RedisLink

/// A private redis-server (or Sentinel) in a temporary folder, ended by its process id.
final class RedisProcess: @unchecked Sendable {
    // Reason for @unchecked: used by one test at a time.
    let folder: URL
    let port: Int
    let arguments: [String]
    private var process: Process?

    /// Starts a server on a free loopback port and waits until it listens.
    init(
        port: Int? = nil, executable: String = "redis-server", configuration: [String] = [],
        in folder: URL? = nil
    ) async throws {
        EventLoop.shared.startThread()
        self.folder = try folder ?? Self.temporaryFolder()
        self.port = try port ?? Self.freePort()
        let file = self.folder.appendingPathComponent("\(executable)-\(self.port).conf")
        let lines = configuration + ["port \(self.port)", "dir \(self.folder.path)"]
        try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        var arguments = [executable, file.path]
        if executable == "redis-server" {
            arguments += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        }
        self.arguments = arguments
        try await start()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    func start() async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        let listens = port
        try await waitUntil("a server listens on \(port)") { Self.accepts(port: listens) }
    }

    /// Ends it at once, as a crash would.
    func stop() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Sends one command by the program redis-cli, and waits for its end.
    func call(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["redis-cli", "-p", "\(port)"] + words
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
    }

    func freeze() { if let process { kill(process.processIdentifier, SIGSTOP) } }
    func thaw() { if let process { kill(process.processIdentifier, SIGCONT) } }

    var endpoint: RedisEndpoint { .tcp(host: "127.0.0.1", port: port) }

    func configuration(_ login: RedisLogin = RedisLogin()) -> RedisConfiguration {
        RedisConfiguration(route: .servers([.init(endpoint, login: login)]), clientName: "test")
    }

    static func temporaryFolder() throws -> URL {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("redislink-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    static func freePort() throws -> Int {
        let listener = try RawServer.listen()
        defer { close(listener.descriptor) }
        return listener.port
    }

    static func accepts(port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

struct Overdue: Error, CustomStringConvertible {
    let description: String
}

/// Waits until a condition holds; fails after `seconds`.
@discardableResult
func waitUntil(
    _ what: String, seconds: Double = 15, _ condition: @Sendable () async -> Bool
) async throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    while !(await condition()) {
        guard clock.now - start < .seconds(seconds) else {
            throw Overdue(description: "\(what): not within \(seconds) s")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
    let time = (clock.now - start).components
    return Double(time.seconds) + Double(time.attoseconds) / 1e18
}

/// Runs a program to its end and returns its exit code.
@discardableResult
func run(_ program: String, _ arguments: String..., in folder: URL) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}
