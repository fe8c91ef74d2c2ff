import EventLoop
import Ports
import Testing

@testable import Gateway

/// What a request may bring along, and what is refused for it.
@Suite struct RestBodyTests {
    init() { EventLoop.shared.startThread() }

    // Who may give the command and asks rightly is told that there is no broker.
    @Test(arguments: [
        (#"{"all":true}"#, 503), ("[]", 400), ("3", 400), ("null", 400), ("{", 400), ("", 400),
        (#"{"all":true,"deadlineMs":1}"#, 503), (#"{"all":true,"deadlineMs":null}"#, 503),
        (#"{"all":true,"deadlineMs":0}"#, 400), (#"{"all":true,"deadlineMs":"1"}"#, 400),
        (#"{"all":true,"expect":{}}"#, 503), (#"{"all":true,"expect":[]}"#, 400),
        (#"{"all":true,"more":1}"#, 400),
    ])
    @LoopActor func `a body is an object of arguments`(body: String, status: Int) async throws {
        let (gateway, _) = try Lonely.gateway()

        let answer = await gateway.respond(
            to: HttpRequest(
                method: "POST", path: "/api/celery/commands/worker.ping",
                headers: [
                    "authorization": "Bearer admin", "content-type": "application/json",
                    "idempotency-key": "k",
                ], body: Array(body.utf8)))

        #expect(answer.status == status)
    }

    @Test(arguments: [
        ("k", 503), (String(repeating: "k", count: 64), 503),
        (String(repeating: "k", count: 65), 400), ("", 400), ("a b", 400), ("é", 400),
        ("a\u{7F}", 400), ("!~", 503),
    ])
    @LoopActor func `an idempotency key is what its description says`(
        key: String, status: Int
    ) async throws {
        let (gateway, _) = try Lonely.gateway()

        let answer = await gateway.respond(
            to: HttpRequest(
                method: "POST", path: "/api/celery/commands/worker.ping",
                headers: [
                    "authorization": "Bearer admin", "content-type": "application/json",
                    "idempotency-key": key,
                ], body: Array(#"{"all":true}"#.utf8)))

        #expect(answer.status == status)
    }

    @Test(arguments: [
        ("/api/celery/workers/x", "view=other"), ("/api/celery/workers/x", "find=x"),
        ("/api/celery/tasks/x", "view=other"), ("/api/celery/stats", "find=x"),
    ])
    @LoopActor func `what is not known in a query is refused`(
        path: String, query: String
    ) async throws {
        let (gateway, _) = try Lonely.gateway()

        let answer = await gateway.respond(
            to: HttpRequest(
                method: "GET", path: path, query: query,
                headers: ["authorization": "Bearer admin"]))

        #expect(answer.status == 400)
    }
}
