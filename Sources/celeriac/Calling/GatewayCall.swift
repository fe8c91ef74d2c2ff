internal import Foundation
internal import FoundationNetworking
internal import WireFormats

/// Sends one command to a running gateway over HTTP and follows it.
struct GatewayCall {
    /// Why there is no answer, or what the gateway refused.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Times that a command is sent again because there were too many (429).
    static let repeats = 5
    /// Seconds of a `Retry-After` that are waited for; with a longer one the refusal is shown at once.
    static let longestWait = 15.0

    let url: URL
    let token: String

    /// Submits a command. One that the gateway has not taken because there were too many is sent again
    /// when the gateway says so; the key makes sure that it runs once.
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
        var left = Self.repeats
        while true {
            let (data, response) = try await exchange(method, path, body: body, headers: headers)
            if response?.statusCode == 429, left > 0, let wait = Self.wait(of: response) {
                left -= 1
                try await Task.sleep(for: .seconds(wait))
                continue
            }
            return try Self.answer(in: data, status: response?.statusCode ?? 0)
        }
    }

    /// Seconds after which a refused request may come again, if they are worth waiting for.
    private static func wait(of response: HTTPURLResponse?) -> Double? {
        guard let text = response?.value(forHTTPHeaderField: "Retry-After"),
            let seconds = Double(text), (0...longestWait).contains(seconds)
        else { return nil }
        return seconds
    }

    private static func answer(in data: Data, status: Int) throws -> JsonValue {
        let answer = try? JsonReader.parse(Array(data), limits: .celery)
        guard (200..<300).contains(status), let answer else {
            let detail = answer?["detail"]?.string ?? answer?["title"]?.string ?? ""
            throw Failure(description: "refused (\(status)) \(detail)")
        }
        return answer
    }

    private func exchange(
        _ method: String, _ path: String, body: JsonValue?, headers: [String: String]
    ) async throws -> (Data, HTTPURLResponse?) {
        var request = URLRequest(url: url.appending(path: path), timeoutInterval: 60)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.text().utf8) }
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        do {
            let (data, response) = try await URLSession.shared.data(for: request)
            return (data, response as? HTTPURLResponse)
        } catch {
            throw Failure(
                description: "no answer from \(url.absoluteString): \(error.localizedDescription)")
        }
    }
}
