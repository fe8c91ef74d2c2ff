package import Fleet

/// Reads what the result backend stores and announces (celery/backends/base.py).
///
/// The value has no content type: what serializer it is in shows in its first bytes. JSON is read;
/// of others the state is looked up as text and the value is shown as kind and size. Nothing is
/// ever unpickled or decompressed.
package enum ResultDecoder {
    /// What a stored value is.
    package enum Form: String, Sendable {
        case json = "JSON"
        case pickle
        case msgpack
        case yaml = "YAML"
        case compressed
        case unknown = "unknown"
    }

    private static let compressionMark = [0] + Array("celery-compressed".utf8) + [0]

    /// The form that the first bytes show.
    package static func form(_ bytes: [UInt8]) -> Form {
        guard let first = bytes.first else { return .unknown }
        if bytes.starts(with: compressionMark) { return .compressed }
        switch first {
        case UInt8(ascii: "{"): return .json
        case 0x80 where bytes.count > 1 && (2...5).contains(bytes[1]): return .pickle
        case 0x80...0x8F, 0xDE, 0xDF: return .msgpack
        case 0x20...0x7E: return .yaml
        default: return .unknown
        }
    }

    /// Reads the value of `celery-task-meta-<id>`.
    ///
    /// - Parameters:
    ///   - id: from the key; it counts, whatever the value says.
    ///   - redactor: takes secrets out of users' texts.
    /// - Returns: nil only for an id that is too long. A value whose state cannot be found has an empty
    ///   state: that there is a value says that its task is not lost.
    package static func decode(
        _ bytes: [UInt8], id: String, redactor: Redactor = .standard
    ) -> TaskResult? {
        guard !id.isEmpty, id.utf8.count <= CeleryLimits.maxIDBytes else { return nil }
        let form = form(bytes)
        guard form == .json else { return decodeOther(bytes, form, id) }
        guard let value = try? JsonReader.parse(bytes, limits: .celery),
            let status = value["status"]?.string, !status.isEmpty
        else { return decodeOther(bytes, .unknown, id) }
        var result = TaskResult(
            id: id, status: Bounded.text(status, limit: CeleryLimits.maxNameBytes))
        fillOutcome(&result, redactor.redacted(value["result"] ?? .null))
        fillFamily(&result, value)
        result.traceback = value["traceback"]?.string.map {
            redactor.redacted(Bounded.text($0, limit: CeleryLimits.maxTracebackBytes))
        }
        result.dateDone = value["date_done"]?.string.flatMap(IsoTime.seconds)
        result.name = Bounded.name(value["name"])
        result.args = redactor.redacted(Bounded.repr(value["args"]))
        result.kwargs = redactor.redacted(Bounded.repr(value["kwargs"]))
        result.worker = Bounded.name(value["worker"])
        result.retries = Bounded.count(value["retries"])
        result.queue = Bounded.name(value["queue"])
        return result
    }

    private static func fillOutcome(_ result: inout TaskResult, _ outcome: JsonValue) {
        switch result.status {
        case "STARTED":
            result.pid = Bounded.count(outcome["pid"])
            result.hostname = Bounded.name(outcome["hostname"])
        case "SUCCESS", "PENDING", "RECEIVED": result.text = Bounded.json(outcome)
        case "FAILURE", "RETRY", "REVOKED", "REJECTED", "IGNORED":
            result.text = exception(outcome) ?? Bounded.json(outcome)
        default:
            // `update_state`; a custom state may also hold an exception.
            result.progress = Bounded.json(outcome)
        }
    }

    /// `ValueError('kaboom')` of `{"exc_type": …, "exc_message": […], "exc_module": …}`.
    private static func exception(_ value: JsonValue?) -> String? {
        guard let type = value?["exc_type"]?.string else { return nil }
        let message = value?["exc_message"] ?? .null
        let arguments = message.array ?? (message.isNull ? [] : [message])
        let text = arguments.map { PythonRepr.value($0, limit: CeleryLimits.maxReprBytes) }
        return Bounded.text(
            "\(type)(\(text.joined(separator: ", ")))", limit: CeleryLimits.maxReprBytes)
    }

    private static func fillFamily(_ result: inout TaskResult, _ value: JsonValue) {
        result.parentID = Bounded.name(value["parent_id"])
        result.groupID = Bounded.name(value["group_id"])
        var children: [String] = []
        for child in value["children"]?.array ?? [] { addIDs(of: child, to: &children, depth: 0) }
        result.children = children
    }

    /// Ids of a result tuple `[[id, parent], null]`, or of the members of a group
    /// `[[group id, parent], [tuple, …]]`.
    private static func addIDs(of tuple: JsonValue, to ids: inout [String], depth: Int) {
        guard depth < 4, ids.count < 1000, let parts = tuple.array, parts.count == 2 else { return }
        if let members = parts[1].array {
            for member in members { addIDs(of: member, to: &ids, depth: depth + 1) }
        } else if let id = parts[0].array?.first?.string ?? parts[0].string, !id.isEmpty {
            ids.append(Bounded.text(id, limit: CeleryLimits.maxIDBytes))
        }
    }
}
