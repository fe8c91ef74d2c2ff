internal import Foundation
internal import FoundationNetworking
internal import WireFormats

/// Sends one command to a running gateway over HTTP and follows it.
struct GatewayCall {
    /// Why there is no answer, or what the gateway refused.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let url: URL
    let token: String

    /// Submits a command.
    ///
    /// - Returns: the id of its row.
    func submit(_ name: String, body: JsonValue, key: String) async throws -> String {
        let answer = try await send(
            "POST", "api/celery/commands/\(name)", body: body,
            headers: ["Idempotency-Key": key, "Content-Type": "application/json"])
        guard let id = answer["id"]?.string else {
            throw Failure(description: "the gateway answered without an id")
        }
        return id
    }

    /// The row of a command as it is now.
    func row(_ id: String) async throws -> JsonValue {
        try await send("GET", "api/celery/commands/\(id)", body: nil, headers: [:])
    }

    /// Asks for the row until the command has ended. The gateway ends each at its deadline.
    func end(of id: String) async throws -> JsonValue {
        while true {
            let row = try await row(id)
            guard ["accepted", "sent"].contains(row["state"]?.string ?? "") else { return row }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func send(
        _ method: String, _ path: String, body: JsonValue?, headers: [String: String]
    ) async throws -> JsonValue {
        var request = URLRequest(url: url.appending(path: path), timeoutInterval: 60)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.text().utf8) }
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response): (Data, URLResponse)
        do {
            (data, response) = try await URLSession.shared.data(for: request)
        } catch {
            throw Failure(
                description: "no answer from \(url.absoluteString): \(error.localizedDescription)")
        }
        let answer = try? JsonReader.parse(Array(data), limits: .celery)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status), let answer else {
            let detail = answer?["detail"]?.string ?? answer?["title"]?.string ?? ""
            throw Failure(description: "refused (\(status)) \(detail)")
        }
        return answer
    }
}
