import LiveSync
import Testing

@testable import WireFormats

@Suite struct ClientFrameTests {
    private static let calls: [(String, String, ClientFrame.Call)] = [
        (
            "session.start",
            #"{"proto":{"major":1,"minor":2},"auth":{"kind":"cookie","csrf":"m3n"},"client":{"name":"ops-ui","version":"2.3"},"resume":"ey.x"}"#,
            .start(
                SessionStart(
                    major: 1, proof: .cookie(csrf: "m3n"), client: "ops-ui 2.3", resume: "ey.x"))
        ),
        (
            "session.start", "{}",
            .start(SessionStart(major: 1, proof: .handshake, client: "", resume: nil))
        ),
        (
            "session.refresh", #"{"auth":{"kind":"bearer","token":"t"}}"#, .refresh(.bearer("t"))
        ),
        (
            "sub.open",
            #"{"sub":1,"topic":"workers","where":["eq","cluster","eu"],"since":{"epoch":"k3V9","rev":8123001},"maxHz":4}"#,
            .open(
                SubscriptionRequest(
                    subscription: 1, topic: "workers", filter: .eq("cluster", .text("eu")),
                    since: SyncPosition(epoch: "k3V9", revision: 8_123_001), frequency: 4))
        ),
        (
            "sub.open", #"{"sub":0,"topic":"jobs","where":null,"since":null,"future":{"x":[1]}}"#,
            .open(SubscriptionRequest(subscription: 0, topic: "jobs"))
        ),
        (
            "view.open",
            #"{"sub":2,"topic":"tasks","where":["and",["eq","queue","mail"],["in","state",["A",null,3,true,0.5]]],"order":["received","asc"],"limit":20,"after":null,"mode":"follow","maxHz":0.5}"#,
            .openView(
                ViewRequest(
                    subscription: 2, topic: "tasks",
                    filter: .and([
                        .eq("queue", .text("mail")),
                        .isIn("state", [.text("A"), .absent, .int(3), .bool(true), .double(0.5)]),
                    ]), order: "received", descending: false, limit: 20, mode: .follow,
                    frequency: 0.5))
        ),
        (
            "view.open",
            #"{"sub":2,"topic":"tasks","where":["and",["range","seen",1,null],["prefix","name","a"]]}"#,
            .openView(
                ViewRequest(
                    subscription: 2, topic: "tasks",
                    filter: .and([
                        .range("seen", from: .int(1), to: .absent), .prefix("name", "a"),
                    ])))
        ),
        ("view.move", #"{"sub":2,"after":null}"#, .move(subscription: 2, after: nil)),
        (
            "view.move", #"{"sub":2,"after":"c2i0000000000000007.9"}"#,
            .move(subscription: 2, after: SortBound(key: .int(7), handle: 9))
        ),
        ("sub.close", #"{"sub":2}"#, .close(subscription: 2)),
        ("view.close", #"{"sub":3}"#, .close(subscription: 3)),
        ("sub.resync", #"{"sub":4}"#, .resync(subscription: 4)),
        (
            "cmd.plan", #"{"cmd":"task.revoke","where":["eq","queue","mail"]}"#,
            .plan(.make(command: "task.revoke", filter: .eq("queue", .text("mail"))))
        ),
        (
            "cmd.plan", #"{"cmd":"task.revoke","where":["and"]}"#,
            .plan(.make(command: "task.revoke", filter: .and([])))
        ),
        ("cmd.plan", #"{"plan":"p","offset":7}"#, .plan(.read(plan: "p", offset: 7))),
        ("cmd.plan", #"{"plan":"p"}"#, .plan(.read(plan: "p", offset: 0))),
        (
            "cmd.submit",
            #"{"cmd":"queue.purge","args":{"queue":"mail"},"key":"k","expect":{"messagesMax":12},"deadlineMs":1500}"#,
            .submit(
                CommandSubmission(
                    command: "queue.purge", args: ["queue": "mail"],
                    expect: ["messagesMax": 12], key: "k", deadline: 1.5))
        ),
    ]

    @Test(arguments: calls.indices)
    func `each method is read`(index: Int) throws {
        let (method, params, call) = Self.calls[index]

        let frame = try decode(
            #"{"jsonrpc":"2.0","id":"c7","method":"\#(method)","params":\#(params),"extra":1}"#)

        #expect(frame == .request(.text("c7"), call))
    }

    @Test func `acknowledgements come without an id`() throws {
        let frame = try decode(
            #"{"jsonrpc":"2.0","method":"sub.ack","params":{"acks":[[1,8123391],[2,7,3]]}}"#)

        #expect(
            frame
                == .acknowledge([
                    Acknowledgement(subscription: 1, revision: 8_123_391),
                    Acknowledgement(subscription: 2, revision: 7, part: 3),
                ]))
    }

    @Test(arguments: [
        "", "nonsense", "\"a string\"", "12", "null", "{\"jsonrpc\":\"2.0\"", "{}",
        #"{"jsonrpc":"1.0","id":1,"method":"sub.close","params":{"sub":1}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":7}"#,
        #"{"jsonrpc":"2.0","id":null,"method":"sub.close","params":{"sub":1}}"#,
        #"{"jsonrpc":"2.0","id":1.5,"method":"sub.close","params":{"sub":1}}"#,
        #"{"jsonrpc":"2.0","id":[1],"method":"sub.close","params":{"sub":1}}"#,
        #"{"jsonrpc":"2.0","id":1,"id":2,"method":"sub.close","params":{"sub":1}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"sub.close","params":{"sub":1,"x":"\ud800"}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"sub.close","params":{"sub":1,"x":1e999}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"sub.close","params":{"sub":1,"x":NaN}}"#,
        #"{"jsonrpc":"2.0","method":"sub.close","params":{"sub":1}}"#,
        #"{"jsonrpc":"2.0","method":"sub.ack","params":{"acks":[[1]]}}"#,
        #"{"jsonrpc":"2.0","method":"sub.ack","params":[]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"sub.close"} {}"#,
    ])
    func `what is no request of this protocol is malformed`(text: String) {
        #expect(refusal(text)?.isMalformed == true)
    }

    @Test func `a batch is refused and the connection goes on`() {
        let refused = refusal(
            #"[{"jsonrpc":"2.0","id":1,"method":"sub.close","params":{"sub":1}}]"#)

        #expect(refused?.fault.code == .invalidRequest)
        #expect(refused?.isMalformed == false)
        #expect(refused?.id == nil)
    }

    @Test func `a query asks once, with a richer filter`() throws {
        let frame = try decode(
            #"{"jsonrpc":"2.0","id":5,"method":"query","params":{"topic":"tasks","where":["or",["contains","*","x"],["not",["eq","state","SUCCESS"]]],"order":["name","asc"],"limit":7}}"#
        )

        #expect(
            frame
                == .request(
                    .number(5),
                    .query(
                        QueryRequest(
                            topic: "tasks",
                            filter: .or([
                                .contains("*", "x"), .not(.eq("state", .text("SUCCESS"))),
                            ]), order: "name", descending: false, limit: 7))))
    }

    @Test func `an unknown method is refused with those that are known`() {
        let message =
            refusal(#"{"jsonrpc":"2.0","id":1,"method":"no.such"}"#)?.fault.message ?? ""

        #expect(message.contains("no.such"))
        for method in ["session.start", "sub.open", "view.move", "cmd.submit"] {
            #expect(message.contains(method))
        }
    }

    @Test(arguments: [
        ("no.such", "{}", FrameFault.Code.unknownMethod),
        ("session.hello", "{}", .unknownMethod),
        ("sub.close", "[]", .invalidParams),
        ("sub.close", "{}", .invalidParams),
        ("sub.close", #"{"sub":"one"}"#, .invalidParams),
        ("sub.close", #"{"sub":-1}"#, .invalidParams),
        ("sub.close", #"{"sub":2147483649}"#, .invalidParams),
        ("sub.open", #"{"sub":1}"#, .invalidParams),
        ("sub.open", #"{"sub":1,"topic":"t","since":5}"#, .invalidParams),
        ("sub.open", #"{"sub":1,"topic":"t","since":{"epoch":"e","rev":-1}}"#, .invalidParams),
        (
            "sub.open", #"{"sub":1,"topic":"t","since":{"epoch":"e","rev":9007199254740992}}"#,
            .invalidParams
        ),
        ("sub.open", #"{"sub":1,"topic":"t","maxHz":0}"#, .invalidParams),
        ("sub.open", #"{"sub":1,"topic":"t","where":["xor"]}"#, .badFilter),
        ("sub.open", #"{"sub":1,"topic":"t","where":["not"]}"#, .badFilter),
        ("sub.open", #"{"sub":1,"topic":"t","where":["contains","a",1]}"#, .badFilter),
        ("query", "{}", .invalidParams),
        ("query", #"{"topic":"t","limit":"all"}"#, .invalidParams),
        ("query", #"{"topic":"t","order":["seen"]}"#, .badFilter),
        ("sub.open", #"{"sub":1,"topic":"t","where":"state"}"#, .badFilter),
        ("sub.open", #"{"sub":1,"topic":"t","where":["eq","a"]}"#, .badFilter),
        ("sub.open", #"{"sub":1,"topic":"t","where":["eq","a",{"b":1}]}"#, .badFilter),
        ("sub.open", #"{"sub":1,"topic":"t","where":["in","a",1]}"#, .badFilter),
        ("view.open", #"{"sub":1,"topic":"t","order":["seen"]}"#, .badFilter),
        ("view.open", #"{"sub":1,"topic":"t","order":["seen","up"]}"#, .badFilter),
        ("view.open", #"{"sub":1,"topic":"t","after":"somewhere"}"#, .badFilter),
        ("view.open", #"{"sub":1,"topic":"t","mode":"loose"}"#, .invalidParams),
        ("view.open", #"{"sub":1,"topic":"t","limit":"all"}"#, .invalidParams),
        ("session.start", #"{"proto":{"major":"one"}}"#, .invalidParams),
        ("session.start", #"{"auth":{"kind":"magic"}}"#, .unauthenticated),
        ("session.start", #"{"auth":{"kind":"bearer"}}"#, .unauthenticated),
        ("cmd.plan", #"{"cmd":"task.revoke"}"#, .badFilter),
        ("cmd.plan", #"{"cmd":"task.revoke","where":["nonsense"]}"#, .badFilter),
        ("cmd.plan", #"{"where":["and"]}"#, .invalidParams),
        ("cmd.plan", #"{"plan":7}"#, .invalidParams),
        ("cmd.plan", #"{"plan":"p","offset":-1}"#, .invalidParams),
        ("cmd.submit", #"{"cmd":"queue.purge","args":{}}"#, .invalidParams),
        ("cmd.submit", #"{"key":"k","args":{}}"#, .invalidParams),
        ("cmd.submit", #"{"cmd":"c","key":"k","deadlineMs":-1}"#, .invalidParams),
    ])
    func `wrong parameters are refused with their code`(
        method: String, params: String, code: FrameFault.Code
    ) {
        let refused = refusal(
            #"{"jsonrpc":"2.0","id":5,"method":"\#(method)","params":\#(params)}"#)

        #expect(refused?.fault.code == code)
        #expect(refused?.id == .number(5))
        #expect(refused?.isMalformed == false)
    }

    @Test(
        arguments: [
            (#""id":1,"method":"cmd.submit","params":{"cmd":"c","args":{}}"#, "c"),
            (#""id":1,"method":"cmd.submit","params":{"cmd":"c","key":"k","deadlineMs":-1}"#, "c"),
            (#""id":1.5,"method":"cmd.submit","params":{"cmd":"c","key":"k"}"#, "c"),
            (#""method":"cmd.submit","params":{"cmd":"c","key":"k"}"#, "c"),
            (#""id":1,"method":"cmd.submit","params":{"key":"k"}"#, ""),
            (#""id":1,"method":"cmd.submit","params":{"cmd":7,"key":"k"}"#, ""),
            (#""id":1,"method":"cmd.submit","params":[]"#, ""),
            (#""id":1,"method":"cmd.plan","params":{"cmd":"c"}"#, nil),
            (#""id":1,"method":"sub.close","params":{}"#, nil),
        ] as [(String, String?)])
    func `a refused frame tells which command it asked for`(members: String, command: String?) {
        let refused = refusal("{\"jsonrpc\":\"2.0\",\(members)}")

        #expect(refused != nil && refused?.command == command)
    }

    @Test func `any change of a frame is read or refused, never trapped`() {
        var random = SeededGenerator(11)
        let seeds = Self.calls.map {
            Array(#"{"jsonrpc":"2.0","id":1,"method":"\#($0.0)","params":\#($0.1)}"#.utf8)
        }
        var read = 0
        for _ in 0..<20_000 {
            var bytes = random.pick(seeds)
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(random.pick(Array("[]{}\",:0-.\\un".utf8)), at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + 7))
                }
                if bytes.isEmpty { break }
            }
            if (try? ClientFrame(decoding: bytes)) != nil { read += 1 }
        }

        #expect(read > 100)
    }

    private func decode(_ text: String) throws -> ClientFrame {
        try ClientFrame(decoding: Array(text.utf8))
    }

    private func refusal(_ text: String) -> FrameRefusal? {
        do throws(FrameRefusal) {
            _ = try ClientFrame(decoding: Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }
}
