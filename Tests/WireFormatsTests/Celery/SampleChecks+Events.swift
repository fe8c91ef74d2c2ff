import Fleet
import Testing
import WireFormats

/// The checks of ``CapturedSamplesTests``: each reads one file and tells how many things it read.
enum SampleChecks {
    private static func decode(_ body: JsonValue) throws -> CeleryEvent {
        var decoder = EventDecoder()
        var events: [CeleryEvent] = []
        let outcome = decoder.decode(CelerySamples.envelope(body).span, into: &events)
        #expect(outcome == .decoded(events: 1, ignored: 0, refused: 0))
        return try #require(events.first)
    }

    /// Celery 5.3 and 5.5: replies to both ways of asking, statistics, and their events.
    static func olderCelery(_ sample: JsonValue) throws -> Int {
        var read = 0
        for version in ["5.3.6", "5.5.3"] {
            let node = "old\(version)@host"
            let captured = try #require(sample[version])
            #expect(try answer(captured["anon exchange reply"], of: node, to: .ping) == .pong)
            for reply in try #require(captured["bound reply"]?.array) {
                #expect(try answer(reply, of: node, to: .ping) == .pong)
            }
            let reply = try #require(captured["stats"]?.array?.first)
            guard case .stats(let stats)? = try answer(reply, of: node, to: .stats) else {
                throw NotRead()
            }
            #expect(stats.pool == "prefork")
            #expect(stats.uptime == reply[node]?["uptime"]?.double)
            for name in ["revoke unknown", "disable_events"] {
                let order = try #require(captured[name]?.array?.first?[node])
                guard case .ok(let text) = ControlAnswer(order) else { throw NotRead() }
                #expect(!text.isEmpty)
            }
            #expect(TaskInfo.queried(try #require(captured["query_task"]?[node] ?? [:])).isEmpty)
            read += 6
        }
        for event in try #require(sample["events"]?.object) {
            let decoded = try decode(event.value)
            for field in try #require(event.value.object) {
                EventLikeness.expect(field, in: decoded)
            }
            read += 1
        }
        return read
    }

    struct NotRead: Error {}

    private static func answer(
        _ reply: JsonValue?, of node: String, to method: ControlMethod
    ) throws -> InspectReply? {
        let item = CelerySamples.envelope(try #require(reply), headers: ["ticket": "T"])
        let read = try ControlReply(decoding: item)
        #expect(read.ticket == "T")
        #expect(read.answers.map(\.worker) == [node])
        return InspectReply(try #require(read.answers.first).value, to: method)
    }

    /// The heartbeat that a command caused: no counts in it, and a period that is not the worker's.
    static func heartbeatOnRequest(_ sample: JsonValue) throws -> Int {
        guard case .worker(let event) = try decode(sample) else { throw NotRead() }
        #expect(event.kind == .heartbeat)
        #expect(event.active == nil && event.processed == nil && event.loadavg == nil)
        for field in try #require(sample.object) {
            EventLikeness.expect(field, in: .worker(event))
        }
        return 1
    }

    /// What flowed after connections were killed: kinds, channels and nodes of events (their other
    /// fields were left out in the capture), and the broadcasts of workers that ask for revokes.
    static func reconnectEvents(_ sample: JsonValue) throws -> Int {
        var read = 0
        for kill in try #require(sample.object) {
            for item in try #require(kill.value.array) {
                let parts = try #require(item.array)
                let channel = try #require(parts[1].string)
                let type = try #require(parts[2].string)
                guard channel.hasPrefix("/0.celeryev/") else {
                    #expect(channel == "/0.celery.pidbox")
                    #expect(type == ControlMethod.hello(fromNode: "n@h", revoked: []).name)
                    continue
                }
                var body: JsonValue = [
                    "type": .string(type), "hostname": parts[3], "timestamp": parts[0],
                    "clock": parts[4],
                ]
                if type.hasPrefix("task-"), case .object(var members) = body {
                    members.append(JsonMember("uuid", parts[5]))
                    body = .object(members)
                }
                switch (type, try decode(body)) {
                case ("worker-offline", .worker(let event)): #expect(event.kind == .offline)
                case ("worker-online", .worker(let event)): #expect(event.kind == .online)
                case ("task-succeeded", .task(let event)): #expect(event.kind == .succeeded)
                default: Issue.record("\(type) is read as something else")
                }
                read += 1
            }
        }
        return read
    }
}
