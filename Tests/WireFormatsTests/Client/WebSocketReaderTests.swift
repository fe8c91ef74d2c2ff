import Testing

@testable import WireFormats

@Suite struct WebSocketReaderTests {
    private func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let size: [UInt8] =
            payload.count < 126
            ? [UInt8(payload.count)]
            : payload.count < 65_536
                ? [126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
                : [127, 0, 0, 0, 0] + [24, 16, 8].map { UInt8(payload.count >> $0 & 0xFF) }
                    + [UInt8(payload.count & 0xFF)]
        let head = payload.count < 65_536 ? [first] + size : [first, 127] + size.dropFirst()
        return head + payload
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536, 100_000])
    func `a text of any length comes out, whatever the pieces`(length: Int) throws {
        let text = (0..<length).map { UInt8(97 + $0 % 26) }
        let bytes = frame(0x81, text) + frame(0x89, [1, 2])
        for piece in [1, 7, 65_537, bytes.count] where piece > 1 || length < 200 {
            var reader = WebSocketReader()
            var found: [WebSocketReader.Message] = []
            for start in stride(from: 0, to: bytes.count, by: piece) {
                reader.feed(Array(bytes[start..<min(start + piece, bytes.count)]))
                while let message = try reader.next() { found.append(message) }
            }
            #expect(found == [.text(text), .ping([1, 2])])
        }
    }

    @Test func `fragments become one message, with a ping between them`() throws {
        var reader = WebSocketReader()
        reader.feed(frame(0x01, [97]) + frame(0x89, [5]) + frame(0x00, [98]) + frame(0x80, [99]))
        #expect(try reader.next() == .ping([5]))
        #expect(try reader.next() == .text([97, 98, 99]))
        #expect(try reader.next() == nil)
    }

    @Test func `a close has its code and reason`() throws {
        var reader = WebSocketReader()
        reader.feed(frame(0x88, [0x11, 0x38] + Array("slow".utf8)))
        #expect(try reader.next() == .close(4408, "slow"))
        reader.feed(frame(0x88, []))
        #expect(try reader.next() == .close(1005, ""))
    }

    @Test(
        arguments: [
            [0x82, 1, 0], [0xC1, 1, 97], [0x81, 0x81, 1, 2, 3, 4, 5], [0x80, 1, 97],
            [0x01, 1, 97, 0x81, 1, 97], [0x09, 1, 97],
            [0x89, 126, 0, 126] + [UInt8](repeating: 0, count: 126),
            [0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255],
        ] as [[UInt8]])
    func `what no server may send is refused`(bytes: [UInt8]) throws {
        var reader = WebSocketReader()
        reader.feed(bytes)
        #expect(throws: WebSocketReader.Fault.self) {
            while try reader.next() != nil {}
        }
    }

    @Test func `a message of the limit is taken, a longer one refused`() throws {
        var reader = WebSocketReader(limit: 4)
        reader.feed(frame(0x81, [1, 2, 3, 4]) + frame(0x01, [1, 2]) + frame(0x80, [3, 4, 5]))
        #expect(try reader.next() == .text([1, 2, 3, 4]))
        #expect(throws: WebSocketReader.Fault.self) { try reader.next() }
        var other = WebSocketReader(limit: 4)
        other.feed(frame(0x81, [1, 2, 3, 4, 5]))
        #expect(throws: WebSocketReader.Fault.self) { try other.next() }
    }

    @Test(arguments: [0, 125, 126, 65_535, 65_536])
    func `what a client sends is masked and has its length`(length: Int) {
        let payload = [UInt8](repeating: 0x55, count: length)
        let frame = WebSocketReader.frame(1, payload, mask: 0x0102_0304)
        let head = length < 126 ? 2 : length < 65_536 ? 4 : 10
        #expect(frame.count == head + 4 + length && frame[0] == 0x81 && frame[1] & 0x80 != 0)
        #expect(Array(frame[head..<head + 4]) == [1, 2, 3, 4])
        #expect(
            frame.dropFirst(head + 4).enumerated().allSatisfy {
                $0.element ^ UInt8($0.offset % 4 + 1) == 0x55
            })
    }
}
