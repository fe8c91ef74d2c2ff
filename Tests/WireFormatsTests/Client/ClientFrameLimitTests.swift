import Testing

@testable import WireFormats

/// The bounds of R8 and R10, at the bound and one beyond.
@Suite struct ClientFrameLimitTests {
    @Test func `an id has at most 64 bytes, a number stays below 2 to the 53`() {
        #expect(reads(id: "\"" + String(repeating: "i", count: 64) + "\""))
        #expect(!reads(id: "\"" + String(repeating: "i", count: 65) + "\""))
        #expect(reads(id: "9007199254740991"))
        #expect(!reads(id: "9007199254740992"))
        #expect(reads(id: "-9007199254740991"))
    }

    @Test func `an object has at most 64 members`() {
        #expect(reads(params: "\"sub\":1," + members(63)))
        #expect(!reads(params: "\"sub\":1," + members(64)))
    }

    @Test func `nesting goes eight deep`() {
        // The frame and its params are two.
        #expect(reads(params: "\"sub\":1,\"x\":" + nested(6)))
        #expect(!reads(params: "\"sub\":1,\"x\":" + nested(7)))
    }

    @Test func `a text has at most 16 KiB`() {
        #expect(reads(params: "\"sub\":1,\"x\":\"" + String(repeating: "x", count: 16_384) + "\""))
        #expect(!reads(params: "\"sub\":1,\"x\":\"" + String(repeating: "x", count: 16_385) + "\""))
        #expect(
            !reads(
                params: "\"sub\":1,\"y\":[{\"x\":\"" + String(repeating: "x", count: 16_385)
                    + "\"}]"))
    }

    @Test func `a text in a command's arguments has at most 48 KiB`() {
        #expect(submits(args: String(repeating: "x", count: 49_152)))
        #expect(!submits(args: String(repeating: "x", count: 49_153)))
    }

    @Test func `a frame has at most 64 KiB`() {
        let frame = #"{"jsonrpc":"2.0","id":1,"method":"sub.close","params":{"sub":1}}"#
        let room = 65_536 - frame.utf8.count
        #expect(reads(frame + String(repeating: " ", count: room)))
        #expect(!reads(frame + String(repeating: " ", count: room + 1)))
    }

    @Test func `a frame acknowledges at most 64 times`() {
        func acks(_ count: Int) -> String {
            let list = Array(repeating: "[1,2]", count: count).joined(separator: ",")
            return #"{"jsonrpc":"2.0","method":"sub.ack","params":{"acks":[\#(list)]}}"#
        }
        #expect(reads(acks(64)))
        #expect(!reads(acks(65)))
    }

    @Test(arguments: [
        ("cmd.items", "id", 1_000), ("queue.messages", "queue", 100), ("trash.messages", "id", 100),
    ])
    func `a part of a list has its bounds`(method: String, name: String, most: Int) {
        func takes(_ part: String) -> Bool {
            reads(
                #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":{"\#(name)":"x"\#(part)}}"#
            )
        }
        #expect(takes(""))
        #expect(takes(#","limit":1,"offset":0"#))
        #expect(takes(#","limit":\#(most),"offset":1000000000"#))
        #expect(takes(#","limit":null,"offset":null"#))
        for wrong in [
            #","limit":0"#, #","limit":\#(most + 1)"#, #","offset":-1"#, #","offset":1000000001"#,
            #","limit":"1""#, #","offset":0.5"#,
        ] {
            #expect(!takes(wrong), "\(wrong)")
        }
    }

    @Test func `a subscription's number goes to 2 to the 31`() {
        #expect(reads(params: "\"sub\":2147483648"))
        #expect(!reads(params: "\"sub\":2147483649"))
    }

    private func members(_ count: Int) -> String {
        (0..<count).map { "\"m\($0)\":0" }.joined(separator: ",")
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    private func reads(id: String) -> Bool {
        reads(#"{"jsonrpc":"2.0","id":\#(id),"method":"sub.close","params":{"sub":1}}"#)
    }

    private func reads(params: String) -> Bool {
        reads(#"{"jsonrpc":"2.0","id":1,"method":"sub.close","params":{\#(params)}}"#)
    }

    private func submits(args: String) -> Bool {
        reads(
            #"{"jsonrpc":"2.0","id":1,"method":"cmd.submit","params":{"cmd":"c","key":"k","args":{"x":"\#(args)"}}}"#
        )
    }

    private func reads(_ text: String) -> Bool {
        (try? ClientFrame(decoding: Array(text.utf8))) != nil
    }
}
