import Foundation
import Ports
import Testing

@testable import Credentials

@Suite struct PasswordHashTests {
    private typealias Cost = PasswordHash.Cost
    private static let cheap = Cost(logN: 4, blockSize: 8, parallelism: 1)

    @Test func `scrypt gives the published values`() throws {
        // RFC 7914, section 12, the second example: 1,024 rounds, blocks of 8, 16 lanes.
        let key = try PasswordHash.derive(
            Array("password".utf8), salt: Array("NaCl".utf8),
            cost: Cost(logN: 10, blockSize: 8, parallelism: 16), count: 64)

        #expect(
            key.map { String(format: "%02x", $0) }.joined()
                == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")
    }

    @Test func `a hash knows its password and no other, also after it was kept as text`() throws {
        let hash = try PasswordHash(of: "correct horse", cost: Self.cheap)
        let read = try #require(PasswordHash(parsing: hash.text))

        #expect(read == hash)
        #expect(try read.matches("correct horse"))
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            #expect(try !read.matches(wrong))
        }
        #expect(try PasswordHash(of: "correct horse", cost: Self.cheap).text != hash.text)
    }

    @Test func `a new hash costs 64 MiB, and what costs less is outdated`() throws {
        let hash = try PasswordHash(of: "correct horse")

        #expect(hash.text.hasPrefix("$scrypt$ln=16,r=8,p=1$"))
        #expect(!hash.isOutdated && 128 * hash.cost.blockSize << hash.cost.logN == 64 << 20)
        #expect(try PasswordHash(of: "correct horse", cost: Self.cheap).isOutdated)
    }

    @Test(arguments: [
        "", "scrypt", "$scrypt$", "$argon2id$ln=4,r=8,p=1$S$K", "$scrypt$ln=4,r=8$S$K",
        "$scrypt$ln=4,r=8,p=1,x=1$S$K", "$scrypt$r=8,ln=4,p=1$S$K", "$scrypt$ln=4,r=8,p=1$S",
        "$scrypt$ln=4,r=8,p=1$S$K$", "$scrypt$ln=4,r=8,p=1$$K", "$scrypt$ln=4,r=8,p=1$S$",
        "$scrypt$ln=19,r=8,p=1$S$K", "$scrypt$ln=0,r=8,p=1$S$K", "$scrypt$ln=4,r=9,p=1$S$K",
        "$scrypt$ln=4,r=8,p=5$S$K", "$scrypt$ln=4,r=8,p=0$S$K", "$scrypt$ln=-4,r=8,p=1$S$K",
    ])
    func `what is not of the form, or would take too much memory, is no hash`(text: String) throws {
        let salt = Base64URL.encode([UInt8](repeating: 1, count: 16))
        let key = Base64URL.encode([UInt8](repeating: 2, count: 32))
        func whole(_ text: String) -> String {
            text.replacing("$S", with: "$\(salt)").replacing("$K", with: "$\(key)")
        }

        #expect(PasswordHash(parsing: whole(text)) == nil)
        // What stands in for salt and key is good: the same text is read with nothing else wrong in it.
        #expect(PasswordHash(parsing: whole("$scrypt$ln=18,r=8,p=4$S$K")) != nil)
    }
}
