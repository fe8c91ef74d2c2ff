import Ports
import Testing

@testable import Gateway

@Suite struct HttpTests {
    // X1
    @Test(arguments: [
        ("http://gw.example:8555", true), ("http://GW.example:8555", true),
        ("https://gw.example:8555", false), ("http://gw.example", false),
        ("http://gw.example:8555.evil.test", false), ("http://evil.test", false),
        ("null", false), ("", false), ("http://agw.example:8555", false),
        ("https://kiosk.example.org", true), ("https://kiosk.example.org.evil.test", false),
        ("https://KIOSK.example.org", true), ("https://\u{212A}iosk.example.org", false),
    ])
    func `only our own and the listed origins are trusted`(origin: String, isTrusted: Bool) {
        let policy = OriginPolicy(allowed: ["https://kiosk.example.org"])
        let request = HttpRequest(
            method: "GET", path: "/ws/v1",
            headers: ["origin": origin, "host": "gw.example:8555"])

        #expect(policy.trusts(request) == isTrusted)
        #expect(policy.tolerates(request) == isTrusted)
    }

    @Test func `a request without an origin is tolerated but not trusted`() {
        let request = HttpRequest(method: "GET", path: "/", headers: ["host": "gw"])

        #expect(!OriginPolicy().trusts(request))
        #expect(OriginPolicy().tolerates(request))
    }

    @Test(
        arguments: [
            ("celeriac=abc", "abc"), ("a=b; celeriac=abc; c=d", "abc"),
            ("celeriac=abc; celeriac=planted", nil), ("xceleriac=abc", nil), ("celeriac", nil),
            ("__Host-celeriac=abc", nil),
        ] as [(String, String?)])
    func `the session cookie is found only if it is alone`(header: String, secret: String?) {
        let request = HttpRequest(method: "GET", path: "/", headers: ["cookie": header])

        #expect(SessionCookie.secret(in: request) == secret)
    }

    @Test func `over TLS the cookie has the host prefix and is secure`() {
        let request = HttpRequest(
            method: "GET", path: "/", headers: ["cookie": "__Host-celeriac=s; celeriac=old"],
            isSecure: true)

        #expect(SessionCookie.secret(in: request) == "s")
        #expect(SessionCookie.set("s", isSecure: true).hasPrefix("__Host-celeriac=s; Path=/"))
        #expect(SessionCookie.set("s", isSecure: true).hasSuffix("; Secure"))
    }

    @Test(
        arguments: [
            ("Bearer clr_a_b", "clr_a_b"), ("bearer  x", "x"), ("Basic x", nil), ("Bearer ", nil),
            ("Bearer", nil),
        ] as [(String, String?)])
    func `a bearer token is read`(header: String, token: String?) {
        let request = HttpRequest(method: "GET", path: "/", headers: ["authorization": header])

        #expect(bearerToken(in: request) == token)
    }

    @Test(
        arguments: [
            ("celery%40a", "celery@a"), ("a+b", "a+b"), ("%C3%A9", "é"), ("%", nil), ("%4", nil),
            ("%zz", nil), ("%ff", nil), ("%00", nil),
        ] as [(String, String?)])
    func `percent encoding is decoded strictly`(text: String, decoded: String?) {
        #expect(percentDecoded(text) == decoded)
    }

    @Test func `query parameters are decoded and must be unique`() {
        #expect(
            queryParameters("limit=10&state=STARTED+X&q=%26") == [
                "limit": "10", "state": "STARTED X", "q": "&",
            ])
        #expect(queryParameters("a=1&a=2") == nil)
        #expect(queryParameters("") == [:])
    }
}
