import EventLoop
import Foundation
import Testing

@testable import SocketServer

@Suite struct StaticFileTests {
    private static let script = Array(String(repeating: "export const a = 1;\n", count: 200).utf8)

    private func withSite(
        isWatching: Bool = false, _ body: (TestServer, String) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            try write("\(folder)/index.html", Array("<!doctype html><p>home".utf8))
            try FileManager.default.createDirectory(
                atPath: "\(folder)/core/deep", withIntermediateDirectories: true)
            try write("\(folder)/core/app.js", Self.script)
            try write("\(folder)/core/deep/a b.css", Array("p{}".utf8))
            try write("\(folder)/.secret", Array("no".utf8))
            try write("\(folder)/tiny.svg", Array("<svg/>".utf8))
            try await withServer(webRoot: folder, isWatching: isWatching) { server in
                try await body(server, folder)
            }
        }
    }

    @Test func `files are served with type, tag and caching`() async throws {
        try await withSite { server, _ in
            let client = try server.connect()

            let home = try #require(try client.get("/"))
            #expect(home.status == 200 && home.text == "<!doctype html><p>home")
            #expect(home.header("content-type") == "text/html; charset=utf-8")
            #expect(home.header("cache-control") == "no-cache")
            #expect(home.header("vary") == "accept-encoding")
            #expect(home.header("content-encoding") == nil)
            let tag = try #require(home.header("etag"))
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count == 42)

            let script = try #require(try client.get("/core/app.js?v=1"))
            #expect(script.body == Self.script)
            #expect(script.header("content-type") == "text/javascript; charset=utf-8")
            #expect(try client.get("/core/deep/a%20b.css")?.text == "p{}")
        }
    }

    @Test func `a document has an address without its ending`() async throws {
        try await withSite { _, folder in
            try FileManager.default.createDirectory(
                atPath: "\(folder)/schema", withIntermediateDirectories: true)
            try write("\(folder)/schema/v1.json", Array("{}".utf8))
            try await withServer(webRoot: folder) { server in
                let client = try server.connect()

                for path in ["/schema/v1", "/schema/v1.json"] {
                    let answer = try #require(try client.get(path))
                    #expect(answer.status == 200 && answer.text == "{}")
                    #expect(answer.header("content-type") == "application/json")
                }
                #expect(try client.get("/schema")?.status == 404)
            }
        }
    }

    @Test func `a tag that still holds is answered with 304`() async throws {
        try await withSite { server, _ in
            let client = try server.connect()
            let tag = try #require(try client.get("/")?.header("etag"))

            for header in [tag, "\"x\", \(tag)", "W/\(tag)", "*"] {
                let answer = try #require(try client.get("/", ["If-None-Match: \(header)"]))
                #expect(answer.status == 304 && answer.body.isEmpty)
                #expect(answer.header("etag") == tag)
                #expect(answer.header("content-length") == nil)
            }
            #expect(try client.get("/", ["If-None-Match: \"x\""])?.status == 200)
        }
    }

    @Test func `gzip is sent to those who take it, with a tag of its own`() async throws {
        try await withSite { server, folder in
            let client = try server.connect()
            let plain = try #require(try client.get("/core/app.js"))

            let answer = try #require(
                try client.get("/core/app.js", ["Accept-Encoding: br, gzip;q=0.8"]))

            #expect(answer.header("content-encoding") == "gzip")
            #expect(answer.header("etag") != plain.header("etag"))
            #expect(answer.body.count < Self.script.count / 10)
            try write("\(folder)/out.gz", answer.body)
            #expect(try shell("gzip -dc \(folder)/out.gz") == Self.script)
            for header in ["gzip;q=0", "identity", "br"] {
                let other = try client.get("/core/app.js", ["Accept-Encoding: \(header)"])
                #expect(other?.header("content-encoding") == nil && other?.body == Self.script)
            }
            let tiny = try client.get("/tiny.svg", ["Accept-Encoding: gzip"])
            #expect(tiny?.header("content-encoding") == nil)
        }
    }

    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("*", true), ("br, *;q=0.1", true),
        ("gzip;q=0.001", true), ("identity;q=0, gzip", true), ("", false), ("identity", false),
        ("gzip;q=0", false), ("gzip; q=0.000", false), ("*;q=0", false),
        ("gzip;q=0, *", false), ("*, gzip;q=0", false), ("gzipped", false),
    ])
    func `codings are weighed as HTTP wants it`(header: String, accepts: Bool) {
        #expect(RequestReader.acceptsGzip(header) == accepts)
    }

    @Test func `HEAD tells what GET would, without the body`() async throws {
        try await withSite { server, _ in
            let client = try server.connect()
            let get = try #require(try client.get("/core/app.js"))

            let head = try #require(try client.request("HEAD", "/core/app.js"))

            #expect(head.status == 200 && head.body.isEmpty)
            for name in ["content-length", "content-type", "etag", "cache-control"] {
                #expect(head.header(name) == get.header(name))
            }
            #expect(try client.request("HEAD", "/nowhere")?.status == 404)
            #expect(try client.get("/")?.status == 200)
        }
    }

    @Test(arguments: [
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd",
        "/core/../../etc/passwd", "//etc/passwd", "/./../etc/passwd", "/.secret", "/%2esecret",
        "/core/..\\..\\etc/passwd", "/core/....//etc/passwd",
    ])
    func `no path leads out of the folder or to hidden files`(path: String) async throws {
        for isWatching in [false, true] {
            try await withSite(isWatching: isWatching) { server, _ in
                let answer = try server.connect().get(path)
                #expect(answer?.status == 404 || answer?.status == 400 || answer?.status == 403)
                #expect(answer?.text.contains("root:") != true)
            }
        }
    }

    @Test func `folders are not listed and other methods go to the handler`() async throws {
        try await withSite { server, _ in
            let client = try server.connect()

            #expect(try client.get("/core/")?.status == 404)
            #expect(try client.get("/core")?.status == 404)
            #expect(try client.request("DELETE", "/index.html")?.status == 404)
            #expect(
                await server.handler.requests.map(\.path) == ["/core/", "/core", "/index.html"])
        }
    }

    @Test func `a watched folder shows changes, a fixed one does not`() async throws {
        for isWatching in [false, true] {
            try await withSite(isWatching: isWatching) { server, folder in
                let client = try server.connect()
                let before = try #require(try client.get("/"))

                try write("\(folder)/index.html", Array("<p>changed".utf8))
                try write("\(folder)/new.txt", Array("new".utf8))
                let after = try #require(try client.get("/"))

                #expect((after.text == "<p>changed") == isWatching)
                #expect((after.header("etag") != before.header("etag")) == isWatching)
                #expect(try client.get("/new.txt")?.status == (isWatching ? 200 : 404))
                try FileManager.default.removeItem(atPath: "\(folder)/new.txt")
                #expect(try client.get("/new.txt")?.status == 404)
            }
        }
    }

    @Test func `a folder that is not there is said`() async throws {
        await #expect {
            _ = try await TestServer.start(webRoot: "/nonexistent/web")
        } throws: { error in
            (error as? SocketServerError)?.code == .webRoot
                && "\(error)".contains("/nonexistent/web")
        }
    }
}
