internal import Ports
internal import WireFormats

/// The first answer to a command, as it is kept with its idempotency key for a repetition (R39).
struct StoredAnswer: Equatable {
    /// Id of the command's row.
    var id: String
    /// Where the command stood when it was answered.
    var stage: CommandStage

    init(id: String, stage: CommandStage) {
        self.id = id
        self.stage = stage
    }

    /// Reads what is kept; `nil` if it is none, such as what earlier versions kept.
    init?(_ text: String) {
        guard let value = try? JsonReader.parse(Array(text.utf8), limits: .celery),
            let id = value["id"]?.string,
            let stage = value["state"]?.string.flatMap(CommandStage.init(rawValue:))
        else { return nil }
        self.init(id: id, stage: stage)
    }

    /// JSON text.
    var text: String {
        JsonValue.object([
            JsonMember("id", .string(id)), JsonMember("state", .string(stage.rawValue)),
        ]).text()
    }
}

extension CommandDesk.Receipt {
    /// What every client is told, over socket and HTTP alike.
    var members: [JsonMember] {
        var members = [
            JsonMember("id", .string(id)), JsonMember("state", .string(stage.rawValue)),
            JsonMember("duplicate", .bool(isDuplicate)),
        ]
        if let firstStage { members.append(JsonMember("firstState", .string(firstStage.rawValue))) }
        return members
    }
}
