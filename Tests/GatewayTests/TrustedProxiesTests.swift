import Ports
import Testing

/// Whose word about the client is taken, and which part of it.
@Suite struct TrustedProxiesTests {
    @Test(arguments: [
        ("192.0.2.1", "::ffff:192.0.2.1"), ("2001:DB8::1", "2001:db8:0:0:0:0:0:1"),
        ("::", "0:0:0:0:0:0:0:0"), ("::1", "0::1"), ("1::", "1:0:0:0:0:0:0:0"),
        ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
    ])
    func `forms of one address are equal`(one: String, other: String) throws {
        #expect(try #require(InternetAddress(one)) == #require(InternetAddress(other)))
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "-1.2.3.4",
        "1.2.3.\u{661}",
        ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%eth0",
        "[::1]", "1:2:3:4:5:6:7::8", "::1.2.3", "1.2.3.4::", "1.2.3.4:80", "localhost",
        String(repeating: "0:", count: 23),
    ])
    func `what is no address is none`(text: String) {
        #expect(InternetAddress(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/9", "10.127.0.1", true), ("10.0.0.0/9", "10.128.0.1", false),
        ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
        ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false), ("::/0", "192.0.2.1", true),
        ("127.0.0.1, ::1", "::1", true), ("", "127.0.0.1", false), ("127.0.0.1", "unix", false),
    ])
    func `networks contain their addresses`(text: String, address: String, isIn: Bool) throws {
        #expect(try #require(TrustedProxies(text)).contains(address) == isIn)
    }

    @Test(arguments: [
        "proxy", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/+8",
    ])
    func `what is no network is refused`(text: String) {
        #expect(TrustedProxies(text) == nil)
    }

    @Test func `there are at most so many networks`() {
        let list = { (count: Int) in Array(repeating: "::1", count: count).joined(separator: ",") }
        #expect(TrustedProxies(list(TrustedProxies.maximumCount)) != nil)
        #expect(TrustedProxies(list(TrustedProxies.maximumCount + 1)) == nil)
    }

    @Test(
        arguments: [
            // Nobody may speak for others without being trusted.
            ("203.0.113.9", "192.0.2.1", "203.0.113.9"),
            ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
            ("10.0.0.1", nil, "10.0.0.1"), ("10.0.0.1", "", "10.0.0.1"),
            // What the client itself put in front is not believed.
            ("10.0.0.1", "127.0.0.1, 192.0.2.1", "192.0.2.1"),
            // A chain of proxies.
            ("10.0.0.1", "192.0.2.1,10.0.0.3 , 10.0.0.2", "192.0.2.1"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "192.0.2.1, unknown", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ] as [(String, String?, String)])
    func `the client is the last one that is not trusted`(
        peer: String, forwarded: String?, client: String
    ) throws {
        let proxies = try #require(TrustedProxies("10.0.0.0/8"))
        let found = proxies.client(
            peer: peer, isSecure: false, forwardedFor: forwarded, scheme: "https")
        #expect(found.address == client)
        #expect(found.isSecure == (peer == "10.0.0.1"))
    }

    @Test func `only so many hops are followed`() throws {
        let proxies = try #require(TrustedProxies("10.0.0.0/8"))
        func client(_ hops: Int) -> String {
            let list = ["192.0.2.1"] + Array(repeating: "10.0.0.2", count: hops)
            return proxies.client(
                peer: "10.0.0.1", isSecure: true, forwardedFor: list.joined(separator: ","),
                scheme: nil
            ).address
        }
        #expect(client(TrustedProxies.maximumHops - 1) == "192.0.2.1")
        #expect(client(TrustedProxies.maximumHops) == "10.0.0.2")
    }

    @Test func `a proxy can also say that the way to it is open`() throws {
        let proxies = try #require(TrustedProxies("10.0.0.1"))
        for (scheme, isSecure) in [("http", false), ("HTTPS", true), ("https, http", false)] {
            let found = proxies.client(
                peer: "10.0.0.1", isSecure: true, forwardedFor: nil, scheme: scheme)
            #expect(found.isSecure == isSecure)
        }
        #expect(
            proxies.client(peer: "10.0.0.1", isSecure: true, forwardedFor: nil, scheme: nil)
                .isSecure)
    }
}
