import Fleet
import Testing
import WireFormats

extension SampleChecks {
    /// Workers and beat answer a ping alike.
    static func beatPing(_ sample: JsonValue) throws -> Int {
        var nodes: [String] = []
        for reply in try #require(sample["ping replies"]?.array) {
            let read = try ControlReply(decoding: CelerySamples.envelope(reply))
            for answer in read.answers {
                #expect(InspectReply(answer.value, to: .ping) == .pong)
                nodes.append(answer.worker)
            }
        }
        #expect(nodes.contains("beat1@host"))
        return nodes.count
    }

    /// Our ping is the official client's: the same members in the same order with the same values, but
    /// for what names the question (ticket, where to answer, tag) and for clock and expiry, which we
    /// leave out.
    static func officialQuestion(_ sample: JsonValue) throws -> Int {
        let commands = try #require(sample.array).compactMap { $0.array?[2].string }
        let published = try payload(of: "PUBLISH /0.celery.pidbox ", in: commands)
        let theirs = try Envelope(decoding: published)
        let body = try theirs.json()
        let ticket = try #require(body["ticket"]?.string)
        let tag = try #require(theirs.properties["delivery_tag"]?.string)
        let ours = try Envelope(
            decoding: ControlMessage(
                .ping, reply: ControlReplyAddress(ticket: ticket, key: "gw.replies"),
                deliveryTag: tag
            ).encoded())

        let question = try ours.json()
        #expect(question.object?.map(\.name) == body.object?.map(\.name))
        for member in try #require(body.object) where member.name != "reply_to" {
            #expect(question[member.name] == member.value, "\(member.name)")
        }
        #expect(
            question["reply_to"]?.object?.map(\.name) == body["reply_to"]?.object?.map(\.name))
        #expect(ours.properties == theirs.properties)
        #expect(ours.contentType == theirs.contentType)
        #expect(ours.contentEncoding == theirs.contentEncoding)
        #expect(theirs.headers.object?.map(\.name) == ["clock", "expires"])
        #expect(ours.headers == [:])

        let list = try #require(body["reply_to"]?["routing_key"]?.string)
        let answer = try ControlReply(
            decoding: payload(of: "LPUSH \(list).reply.celery.pidbox ", in: commands))
        #expect(answer.ticket == ticket)
        #expect(answer.answers.map(\.worker) == ["worker1@host"])
        return 2
    }

    /// What follows the start of the only command that begins so.
    private static func payload(of start: String, in commands: [String]) throws -> [UInt8] {
        let found = commands.filter { $0.hasPrefix(start) }
        #expect(found.count == 1, "\(start)")
        return Array(try #require(found.first).dropFirst(start.count).utf8)
    }

    /// Answers to a revoke by a stamp, and the result of a task that bore it.
    static func stampedRevoke(_ sample: JsonValue) throws -> Int {
        var read = 0
        for reply in try #require(sample["reply"]?.array) {
            for answer in try ControlReply(decoding: CelerySamples.envelope(reply)).answers {
                guard case .ok(let text) = ControlAnswer(answer.value) else { throw NotRead() }
                #expect(text.hasPrefix("headers "))
                read += 1
            }
        }
        let stored = try #require(sample["then a new task with the same stamp"])
        let id = try #require(stored["task_id"]?.string)
        let result = ResultDecoder.decode(Array(stored.text(asciiOnly: true).utf8), id: id)
        #expect(result?.status == "REVOKED")
        #expect(result?.text == "TaskRevokedError('revoked')")
        return read + 1
    }
}
