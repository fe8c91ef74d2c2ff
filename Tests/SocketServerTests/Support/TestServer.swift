import EventLoop
import Foundation
import Ports
import Testing

@testable import SocketServer

/// A server on a free port of 127.0.0.1, and its handler.
struct TestServer: Sendable {
    let server: SocketServer
    let handler: TestHandler
    let port: UInt16

    @LoopActor
    static func start(
        webRoot: String? = nil, isWatching: Bool = false,
        identity: SocketServerConfiguration.Identity? = nil,
        _ change: (inout SocketServerLimits) -> Void = { _ in }
    ) throws -> TestServer {
        EventLoop.shared.startThread()
        var limits = SocketServerLimits()
        change(&limits)
        let handler = TestHandler()
        let server = try SocketServer(
            configuration: SocketServerConfiguration(
                webRoot: webRoot, isWatchingWebRoot: isWatching, identity: identity,
                limits: limits),
            handler: handler)
        handler.output = server
        return TestServer(server: server, handler: handler, port: server.boundAddress.port)
    }

    func connect(receiveBuffer: Int32? = nil) throws -> TestClient {
        try TestClient(port: port, receiveBuffer: receiveBuffer)
    }

    /// A client whose WebSocket is open.
    func socket(receiveBuffer: Int32? = nil) throws -> TestClient {
        let client = try connect(receiveBuffer: receiveBuffer)
        let answer = try #require(try client.upgrade())
        #expect(answer.status == 101)
        return client
    }
}

/// Runs `body` with a server and stops it afterwards, whatever happens.
func withServer(
    webRoot: String? = nil, isWatching: Bool = false,
    identity: SocketServerConfiguration.Identity? = nil,
    limits: @Sendable (inout SocketServerLimits) -> Void = { _ in },
    _ body: (TestServer) async throws -> Void
) async throws {
    EventLoop.shared.startThread()
    await TestSlots.shared.take()
    let result: Result<Void, any Error>
    do {
        let server = try await TestServer.start(
            webRoot: webRoot, isWatching: isWatching, identity: identity, limits)
        do {
            try await blocking { try await body(server) }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await server.server.stop(within: .zero)
    } catch {
        result = .failure(error)
    }
    await TestSlots.shared.giveBack()
    try result.get()
}

/// Runs what waits on sockets where it keeps nobody else from running.
func blocking(_ body: () async throws -> Void) async throws {
    try await withTaskExecutorPreference(BlockingExecutor.shared) { try await body() }
}

/// Waits until a condition holds; records an issue if it does not within ten seconds.
func eventually(
    _ what: Comment, _ condition: () async throws -> Bool,
    location: SourceLocation = #_sourceLocation
) async throws {
    for _ in 0..<2_000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what, sourceLocation: location)
}

/// A temporary folder that is removed at the end.
func withFolder(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/celeriac-web-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) } != nil
    }
    #expect(made)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

func write(_ path: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen(path, "wb"))
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}
