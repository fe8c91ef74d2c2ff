internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `POST /api/celery/…`: the REST twins of `cmd.submit`.
    func change(_ path: [String], _ request: HttpRequest, _ caller: Caller) async -> HttpResponse {
        let limits = JsonLimits.client
        let parsed: JsonValue
        if request.body.isEmpty {
            parsed = .object([])
        } else {
            do throws(JsonError) {
                parsed = try JsonReader.parse(request.body, limits: limits)
            } catch {
                return problem(400, "Bad request", "the body is not the JSON we take: \(error)")
            }
        }
        if path == ["plans"] { return await makePlan(parsed, caller) }
        guard let (name, args) = command(path, parsed) else {
            return problem(404, "Not found", "there is no such command")
        }
        guard let key = request.headers["idempotency-key"], !key.isEmpty else {
            return problem(
                400, "Bad request", "send an Idempotency-Key header, new for each command")
        }
        do throws(CommandFault) {
            let receipt = try await to.commands.submit(
                CommandDesk.Request(
                    command: name, args: args, expect: parsed["expect"] ?? .null, key: key,
                    deadline: parsed["deadlineMs"]?.double.map { $0 / 1000 },
                    principal: caller.principal, remote: request.peer))
            var response = json(
                .object(receipt.members), status: receipt.isDuplicate ? 200 : 202)
            response.headers.append(("location", "/api/celery/commands/\(receipt.id)"))
            return response
        } catch {
            return refusal(error)
        }
    }

    private func command(_ path: [String], _ body: JsonValue) -> (String, JsonValue)? {
        switch (path.count, path.first, path.last) {
        case (1, "commands", _):
            return (body["cmd"]?.string ?? "", body["args"] ?? .object([]))
        case (2, "commands", let name?): return (name, arguments(in: body))
        case (3, "workers", "restart"): return ("worker.restart", ["workers": [.string(path[1])]])
        case (3, "workers", "shutdown"): return ("worker.shutdown", ["workers": [.string(path[1])]])
        case (3, "queues", "purge"): return ("queue.purge", ["queue": .string(path[1])])
        case (3, "tasks", "revoke"):
            var args: [JsonMember] = [JsonMember("id", .string(path[1]))]
            for name in ["terminate", "signal"] {
                if let value = body[name] { args.append(JsonMember(name, value)) }
            }
            return ("task.revoke", .object(args))
        default: return nil
        }
    }

    /// The body without what stands beside the arguments.
    private func arguments(in body: JsonValue) -> JsonValue {
        .object((body.object ?? []).filter { !["expect", "deadlineMs"].contains($0.name) })
    }

    func refusal(_ fault: CommandFault) -> HttpResponse {
        let (status, title) =
            switch fault.code {
            case .forbidden: (403, "Forbidden")
            case .unknownCommand: (404, "Not found")
            case .invalid: (400, "Bad request")
            case .conflict: (409, "Conflict")
            case .precondition: (412, "Precondition failed")
            case .tooLarge: (413, "Too large")
            case .limited: (429, "Too many requests")
            case .busy, .brokerDown: (503, "Unavailable")
            case .unsupported: (501, "Not supported")
            }
        var response = problem(status, title, fault.message, code: fault.code.rawValue)
        if let wait = fault.retryAfterMilliseconds {
            response.headers.append(("retry-after", "\((wait + 999) / 1000)"))
        }
        return response
    }
}
