import Ports
import Testing

@testable import HttpClient

@Suite struct AnswerReaderTests {
    private func read(
        _ text: String, at once: Int = .max, limits: HttpClientLimits = HttpClientLimits()
    ) -> WebAnswer? {
        var reader = AnswerReader(limits: limits)
        var rest = Array(text.utf8)[...]
        do throws(WebError) {
            while !rest.isEmpty {
                try reader.take(Array(rest.prefix(once)))
                rest = rest.dropFirst(once)
            }
            return try reader.end()
        } catch {
            return nil
        }
    }

    private static let ok = "HTTP/1.1 200 OK\r\n"
    private static let chunked = ok + "transfer-encoding: chunked\r\n\r\n"

    @Test(arguments: [
        ("\(ok)content-length: 2\r\n\r\nhi", 200, "hi"), ("\(ok)\r\nall of it", 200, "all of it"),
        ("\(ok)Content-Length:2\n\nhi and more", 200, "hi"),
        ("\(ok)content-length: 0\r\n\r\n", 200, ""),
        ("HTTP/1.0 400\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx", 400, "x"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 100 Continue\r\n\r\n\(ok)content-length: 1\r\n\r\nx", 200, "x"),
        ("\(chunked)2\r\nhi\r\n0\r\n\r\n", 200, "hi"),
        (
            "\(chunked)A;name=value\r\n0123456789\r\n1\r\nx\r\n00\r\nx-after: 1\r\n\r\nmore", 200,
            "0123456789x"
        ),
    ])
    func `an answer is the same however its bytes come`(text: String, status: Int, body: String) {
        for once in [1, 2, 3, 7, 1_000] {
            #expect(
                read(text, at: once) == WebAnswer(status: status, body: Array(body.utf8)),
                "\(once) bytes at once")
        }
    }

    @Test(arguments: [
        "", "HTTP/1.1", "HTTP/2 200\r\n\r\n", "HTTP/1.1 99\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 600 X\r\n\r\n", "\(ok)no header\r\n\r\n", "\(ok)content-length: 3\r\n\r\nhi",
        "\(ok)content-length: -1\r\n\r\n", "\(ok)content-length: +1\r\n\r\nx",
        "\(ok)content-length: 1\r\ncontent-length: 2\r\n\r\nxy",
        "\(ok)content-length: 99999999999999999999\r\n\r\n",
        "\(ok)transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "\(chunked)2\r\nhi",
        "\(chunked)2\r\nhi\r\n", "\(chunked)2\r\nhi!\r\n0\r\n\r\n", "\(chunked)-1\r\n",
        "\(chunked)\r\n\r\n",
        "\(chunked)fffffffff\r\n", "\(chunked)0\r\n",
    ])
    func `what is no answer is an error`(text: String) {
        for once in [1, 1_000] { #expect(read(text, at: once) == nil) }
    }

    @Test func `body and head have so many bytes and no more`() {
        var limits = HttpClientLimits()
        (limits.answerBytes, limits.headBytes) = (10, 100)
        func text(_ count: Int) -> String { String(repeating: "x", count: count) }
        for (count, isTaken) in [(10, true), (11, false)] {
            let size = String(count, radix: 16)
            for answer in [
                "\(Self.ok)\r\n\(text(count))",
                "\(Self.ok)content-length: \(count)\r\n\r\n\(text(count))",
                "\(Self.chunked)\(size)\r\n\(text(count))\r\n0\r\n\r\n",
            ] {
                #expect((read(answer, limits: limits) != nil) == isTaken)
                #expect((read(answer, at: 1, limits: limits) != nil) == isTaken)
            }
        }
        // The status line has 17 bytes, the header's name and end 4, the empty line 2.
        for (count, isTaken) in [(77, true), (78, false)] {
            let answer = "\(Self.ok)x:\(text(count))\r\n\r\n"
            #expect((read(answer, limits: limits) != nil) == isTaken)
            #expect((read(answer, at: 1, limits: limits) != nil) == isTaken)
        }
        // So have the lines between the parts of a body, of which there may be no end.
        let parts = String(repeating: "1\r\nx\r\n", count: 10)
        #expect(read("\(Self.chunked)\(parts)0\r\n\r\n", limits: limits) == nil)
    }

    @Test func `an address has its parts`() {
        let plain = RequestTarget("https://id.example/a/b?c=d#e")
        #expect(plain?.endpoint == "id.example:443" && plain?.authority == "id.example")
        #expect(plain?.path == "/a/b?c=d" && plain?.host == "id.example" && plain?.isSecure == true)
        let other = RequestTarget("http://[::1]:8080?x")
        #expect(other?.endpoint == "[::1]:8080" && other?.host == "::1" && other?.path == "/?x")
        #expect(RequestTarget("http://[::1]")?.endpoint == "[::1]:80")
        for text in ["", "ftp://x", "https://", "https://:1/", "https://a@b/", "https://a b/"] {
            #expect(RequestTarget(text) == nil)
        }
    }
}
