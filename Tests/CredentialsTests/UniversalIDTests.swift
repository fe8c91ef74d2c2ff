import Credentials
import Ports
import Testing

@Suite struct UniversalIDTests {
    @Test func `version 5 gives the example of the RFC`() throws {
        // RFC 9562 appendix A.4: www.example.com in the DNS namespace.
        let id = try UniversalID.derived(
            namespace: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", name: Array("www.example.com".utf8))

        #expect(id == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    }

    @Test func `our namespace is celeriac in the URL namespace`() throws {
        let id = try UniversalID.derived(
            namespace: "6BA7B811-9DAD-11D1-80B4-00C04FD430C8", name: Array("celeriac".utf8))

        #expect(id == UniversalID.celeriac)
    }

    @Test(arguments: [
        "", "6ba7b810", "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "6ba7b8109dad11d180b400c04fd430c8",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c", "é".padding(36),
    ])
    func `a namespace that is no UUID is refused`(namespace: String) {
        #expect(throws: CredentialError.self) {
            try UniversalID.derived(namespace: namespace, name: [])
        }
    }

    @Test func `random ones say version 4 and never repeat`() throws {
        var seen: Set<String> = []
        for _ in 0..<1000 {
            let id = Array(try UniversalID.random().utf8)
            #expect(id.count == 36)
            #expect(id[14] == UInt8(ascii: "4"))
            #expect("89ab".utf8.contains(id[19]))
            seen.insert(String(decoding: id, as: UTF8.self))
        }
        #expect(seen.count == 1000)
    }
}

extension String {
    fileprivate func padding(_ count: Int) -> String {
        self + String(repeating: "-", count: count - utf8.count)
    }
}
