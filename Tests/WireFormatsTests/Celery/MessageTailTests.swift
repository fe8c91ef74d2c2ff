import Testing
import WireFormats

@Suite struct MessageTailTests {
    private let whole = #"""
        {"body": "W1tdLCB7fSwge31d", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"id": "a1", "task": "t", "note": "\"properties\""}, "properties": {"correlation_id": "a1", "reply_to": "r", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "q"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "d1"}}
        """#

    @Test func `id and tag are in the end of a message, whole or cut`() throws {
        for count in [whole.utf8.count, 300, 240] {
            let tail = try #require(MessageTail(Array(whole.utf8.suffix(count))))
            #expect(tail.deliveryTag == "d1")
            #expect(tail.id == "a1")
        }
    }

    @Test func `the end of an unacknowledged entry has them, too`() throws {
        let entry = "[\(whole), \"\", \"q\"]"
        for count in [entry.utf8.count, 320] {
            let tail = try #require(MessageTail(ofUnacked: Array(entry.utf8.suffix(count))))
            #expect(tail.deliveryTag == "d1")
            #expect(tail.id == "a1")
        }
        for text in ["", "[]", "[{}, \"\", \"q\"]", "}"] {
            #expect(MessageTail(ofUnacked: Array(text.utf8)) == nil)
        }
    }

    @Test(arguments: ["", "{}", "\"properties\"", "\"properties\": {}}", "\"properties\": 7}"])
    func `what does not end with properties has no identity`(text: String) {
        #expect(MessageTail(Array(text.utf8)) == nil)
        #expect(MessageTail(Array(whole.utf8.suffix(60))) == nil)
    }

    @Test func `a body in JSON is shown, others are not opened`() throws {
        let preview = try MessagePreview(decoding: Array(whole.utf8))
        #expect(preview.body == [[], [:], [:]])
        let pickled = whole.replacing("application/json", with: "application/x-python-serialize")
        #expect(try MessagePreview(decoding: Array(pickled.utf8)).body == nil)
    }

    @Test func `a body is shown up to its bound`() throws {
        func message(_ count: Int) -> [UInt8] {
            let body = "[[\\\"" + String(repeating: "x", count: count - 6) + "\\\"]]"
            return Array(
                "{\"body\":\"\(body)\",\"content-type\":\"application/json\",\"headers\":{},\"properties\":{}}"
                    .utf8)
        }
        let most = CeleryLimits.maxBodyShownBytes
        #expect(try MessagePreview(decoding: message(most)).body != nil)
        #expect(try MessagePreview(decoding: message(most + 1)).body == nil)
    }
}
