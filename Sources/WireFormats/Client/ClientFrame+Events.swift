package import LiveSync

extension ClientFrame {
    /// Reads the parameters of `events.open`.
    static func events(_ params: JsonValue) throws(FrameFault) -> EventRequest {
        var request = EventRequest(subscription: try number(params))
        request.start = try start(params["after"])
        request.filter = try filter(params)
        if let value = params["format"], !value.isNull {
            guard let format = value.string.flatMap(EventFormat.init(rawValue:)) else {
                throw FrameFault(.invalidParams, "format must be celeriac, celery or cloudevents")
            }
            request.format = format
        }
        if let value = params["maxBatch"], !value.isNull {
            guard let batch = value.integer else {
                throw FrameFault(.invalidParams, "maxBatch must be a whole number")
            }
            request.batch = Int(clamping: batch)
        }
        return request
    }

    private static func start(_ value: JsonValue?) throws(FrameFault) -> EventStart {
        guard let value, !value.isNull else { return .now }
        switch value.string {
        case "now": return .now
        case "oldest": return .oldest
        default: break
        }
        guard let epoch = value["epoch"]?.string, let offset = value["off"]?.integer,
            0...ClientProtocol.largestInteger ~= offset
        else {
            throw FrameFault(
                .invalidParams,
                "after must be \"now\", \"oldest\" or {\"epoch\": text, \"off\": number}")
        }
        return .after(EventPosition(epoch: epoch, offset: Int(offset)))
    }

    private static func filter(_ params: JsonValue) throws(FrameFault) -> EventFilter {
        func patterns(_ name: String) throws(FrameFault) -> [String] {
            guard let value = params[name], !value.isNull else { return [] }
            let texts = value.array?.compactMap(\.string) ?? []
            guard let list = value.array, texts.count == list.count, !list.isEmpty else {
                throw FrameFault(.badFilter, "\(name) must be an array of texts, not an empty one")
            }
            return texts
        }
        let types = try patterns("types")
        let names = try patterns("names")
        let queues = try patterns("queues")
        let workers = try patterns("workers")
        do throws(SyncError) {
            return try EventFilter(types: types, names: names, queues: queues, sources: workers)
        } catch {
            throw FrameFault(.badFilter, error.message)
        }
    }
}

extension EventStart {
    /// Reads a start as people write it: `now`, `oldest`, or `epoch/offset` as in the id of a
    /// CloudEvent; `nil` if it is none.
    package init?(text: String) {
        switch text {
        case "now": self = .now
        case "oldest": self = .oldest
        default:
            guard let slash = text.lastIndex(of: "/"),
                let offset = Int(text[text.index(after: slash)...]),
                0...Int(ClientProtocol.largestInteger) ~= offset, slash != text.startIndex
            else { return nil }
            self = .after(EventPosition(epoch: String(text[..<slash]), offset: offset))
        }
    }
}
