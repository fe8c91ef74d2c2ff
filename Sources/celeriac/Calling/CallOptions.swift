internal import ArgumentParser
internal import Foundation
internal import WireFormats

/// What every verb that sends a command has: where to, how long, and how it tells what became of it.
struct CallOptions: ParsableArguments {
    @OptionGroup var gateway: GatewayAddress

    @Option(
        help: ArgumentHelp(
            "Idempotency key: the same key and arguments are the same command for a day. A new one if left out.",
            valueName: "key"))
    var key: String?

    @Option(
        help: ArgumentHelp("What must hold, as JSON (see `celeriac commands`).", valueName: "json"))
    var expect: String?

    @Option(help: ArgumentHelp("Seconds until it is given up as unknown.", valueName: "seconds"))
    var deadline: Double?

    @Flag(
        help:
            "Wait for the end, and end with 0 only if it is confirmed. Without it, end with 1 only if it has ended otherwise by now."
    )
    var wait = false

    @Flag(help: "Print the row as one line of JSON.")
    var raw = false

    /// Submits a command, waits if asked to, and prints what became of it.
    func perform(_ name: String, arguments: JsonValue) async throws {
        guard case .object(var body) = arguments else {
            throw ValidationError("the arguments must be a JSON object")
        }
        if let expect { body.append(JsonMember("expect", try Self.parse(expect, "--expect"))) }
        if let deadline {
            guard deadline.isFinite else { throw ValidationError("--deadline must be seconds") }
            body.append(JsonMember("deadlineMs", .number((deadline * 1_000).rounded())))
        }
        let call = GatewayCall(url: try gateway.url(), token: try gateway.token())
        let row: JsonValue
        do {
            let id = try await call.submit(
                name, body: .object(body), key: key ?? UUID().uuidString.lowercased())
            row = wait ? try await call.end(of: id) : try await call.row(id)
        } catch let failure as GatewayCall.Failure {
            FileHandle.standardError.write(Data("celeriac: \(failure)\n".utf8))
            throw ExitCode.failure
        }
        show(row)
        // What is under way may still be done; what has ended otherwise will not.
        let good = wait ? ["confirmed"] : ["accepted", "sent", "confirmed"]
        guard good.contains(row["state"]?.string ?? "") else { throw ExitCode.failure }
    }

    private func show(_ row: JsonValue) {
        if raw {
            print(row.text())
            return
        }
        func text(_ name: String) -> String { row[name]?.string ?? "" }
        print("\(text("id")) \(text("cmd")) \(text("target")): \(text("state"))")
        if let task = row["taskId"]?.string { print("  task \(task)") }
        for line in row["evidence"]?.array ?? [] { print("  \(line.string ?? "")") }
        if let silent = row["silent"]?.array, !silent.isEmpty {
            print("  silent: \(silent.compactMap(\.string).joined(separator: ", "))")
        }
        if let reason = row["reason"]?.string { print("  because: \(reason)") }
        if let fix = row["fix"]?.string { print("  to change: \(fix)") }
        for answer in row["answers"]?.object ?? [] {
            let value = answer.value["ok"]?.string ?? answer.value.string ?? answer.value.text()
            print("\(answer.name):\n\(value)")
        }
    }

    /// Reads JSON of an option.
    static func parse(_ text: String, _ option: String) throws -> JsonValue {
        do {
            return try JsonReader.parse(text, limits: .client)
        } catch {
            throw ValidationError("\(option) is not JSON: \(error)")
        }
    }
}
