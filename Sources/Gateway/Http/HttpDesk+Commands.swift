internal import Ports
internal import WireFormats

extension HttpDesk {
    /// A command as the path and the body of a request name it.
    typealias Named = (name: String, args: JsonValue)

    /// The REST twin of `cmd.submit`.
    ///
    /// - Parameter command: what is asked for, from the body.
    func submit(
        _ call: RestCall, _ command: (_ body: JsonValue) -> Named
    ) async -> HttpResponse {
        let body: JsonValue
        switch bodyOfChange(call.request) {
        case .success(let value): body = value
        case .failure(let fault):
            await note(call, command(.object([])).name, "its body is not the JSON we take")
            return fault.response
        }
        let (name, args) = command(body)
        let deadline = body["deadlineMs"] ?? .null
        guard deadline.isNull || deadline.double ?? 0 > 0 else {
            await note(call, name, "its deadlineMs is no positive number")
            return problem(400, "Bad request", "deadlineMs must be a positive number")
        }
        guard let key = call.request.headers["idempotency-key"], !key.isEmpty,
            key.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else {
            await note(call, name, "it came without an Idempotency-Key")
            return problem(
                400, "Bad request",
                "send an Idempotency-Key header of visible characters, new for each command")
        }
        do throws(CommandFault) {
            let receipt = try await to.commands.submit(
                CommandDesk.Request(
                    command: name, args: args, expect: body["expect"] ?? .null, key: key,
                    deadline: deadline.double.map { $0 / 1000 },
                    principal: call.caller.principal, remote: call.request.peer))
            var response = json(
                .object(receipt.members), status: receipt.isDuplicate ? 200 : 202)
            response.headers.append(("location", "/api/celery/commands/\(receipt.id)"))
            return response
        } catch {
            return refusal(error)
        }
    }

    /// Writes to the audit that a command was refused before anybody looked at what it asks for.
    private func note(_ call: RestCall, _ name: String, _ reason: String) async {
        await to.commands.auditRefusal(
            of: name, by: call.caller.principal, at: call.request.peer,
            CommandFault(.invalid, reason))
    }

    /// Why a body is refused.
    struct BodyFault: Error {
        let response: HttpResponse
    }

    /// The body of a request that changes something; empty is an object without members.
    func bodyOfChange(_ request: HttpRequest) -> Result<JsonValue, BodyFault> {
        guard !request.body.isEmpty else { return .success(.object([])) }
        let fault: String
        do throws(JsonError) {
            let body = try JsonReader.parse(request.body, limits: .client)
            if body.object != nil { return .success(body) }
            fault = "the body must be a JSON object"
        } catch {
            fault = "the body is not the JSON we take: \(error)"
        }
        return .failure(BodyFault(response: problem(400, "Bad request", fault)))
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
