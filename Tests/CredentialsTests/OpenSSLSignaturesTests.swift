import Ports
import Testing

@testable import Credentials

/// Keys and signatures made with `openssl genpkey` and `openssl dgst -sha256 -sign`; of those over a curve, ones
/// whose numbers begin with a high bit or with a zero.
@Suite struct OpenSSLSignaturesTests {
    private let checker = OpenSSLSignatures()
    private static let message = Array("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ".utf8)

    private static func bytes(_ text: String) throws -> [UInt8] {
        try #require(Base64URL.decode(text))
    }

    private static func rsa(_ modulus: String, exponent: [UInt8] = [1, 0, 1]) throws -> PublicKey {
        .rsa(modulus: try bytes(modulus), exponent: exponent)
    }

    private static func curve() throws -> PublicKey {
        .p256(x: try bytes(x), y: try bytes(y))
    }

    @Test func `an RSA signature counts for its message and its key only`() throws {
        let key = try Self.rsa(Self.modulus2048)
        let signature = try Self.bytes(Self.signature2048)

        #expect(try checker.isSignature(signature, of: Self.message, by: key))
        #expect(try !checker.isSignature(signature, of: Self.message + [0], by: key))
        #expect(try !checker.isSignature(signature, of: [], by: key))
        #expect(try !checker.isSignature([0] + signature, of: Self.message, by: key))
        #expect(try !checker.isSignature(signature.dropLast(), of: Self.message, by: key))
        #expect(try !checker.isSignature([], of: Self.message, by: key))
        for place in [0, 100, 255] {
            var other = signature
            other[place] ^= 1
            #expect(try !checker.isSignature(other, of: Self.message, by: key))
        }
        let other = try Self.rsa(Self.modulus2048, exponent: [3])
        #expect(try !checker.isSignature(signature, of: Self.message, by: other))
    }

    @Test func `an RSA key has 2048 bits at least, and an odd exponent`() throws {
        for (modulus, signature) in [
            (Self.modulus1024, Self.signature1024), (Self.modulus2047, Self.signature2047),
        ] {
            let key = try Self.rsa(modulus)
            let bytes = try Self.bytes(signature)
            #expect(throws: CredentialError.self) {
                try checker.isSignature(bytes, of: Self.message, by: key)
            }
        }
        let signature = try Self.bytes(Self.signature2048)
        for exponent: [UInt8] in [[], [0], [1], [2], [1, 0, 0], [1, 0, 0, 0, 1]] {
            let key = try Self.rsa(Self.modulus2048, exponent: exponent)
            #expect(throws: CredentialError.self, "\(exponent)") {
                try checker.isSignature(signature, of: Self.message, by: key)
            }
        }
    }

    @Test(arguments: [(8_192, true), (8_193, false)])
    func `an RSA key has 8192 bits at most`(bits: Int, isTaken: Bool) {
        var modulus = [UInt8](repeating: 0xff, count: (bits + 7) / 8)
        if bits % 8 != 0 { modulus[0] = 1 }
        let key = PublicKey.rsa(modulus: modulus, exponent: [1, 0, 1])
        let signature = [UInt8](repeating: 1, count: modulus.count)

        // One that may be used at all says no.
        let answer = try? checker.isSignature(signature, of: Self.message, by: key)

        #expect(answer == (isTaken ? false : nil))
    }

    @Test(arguments: [Self.signatureHigh, Self.signatureZeroR, Self.signatureZeroS])
    func `a signature over P-256 counts for its message and its key only`(text: String) throws {
        let key = try Self.curve()
        let signature = try Self.bytes(text)

        #expect(try checker.isSignature(signature, of: Self.message, by: key))
        #expect(try !checker.isSignature(signature, of: Self.message.dropLast(), by: key))
        #expect(try !checker.isSignature(signature + [0], of: Self.message, by: key))
        #expect(try !checker.isSignature(signature.dropLast(), of: Self.message, by: key))
        #expect(
            try !checker.isSignature(
                [UInt8](repeating: 0, count: 64), of: Self.message, by: key))
        let swapped = Array(signature[32...] + signature[..<32])
        #expect(try !checker.isSignature(swapped, of: Self.message, by: key))
    }

    @Test func `a point that is not on the curve is no key`() throws {
        let signature = try Self.bytes(Self.signatureHigh)
        var y = try Self.bytes(Self.y)
        y[31] ^= 1
        let off = PublicKey.p256(x: try Self.bytes(Self.x), y: y)
        let short = PublicKey.p256(x: [1], y: [2])
        let zero = [UInt8](repeating: 0, count: 32)
        for key in [off, short, .p256(x: zero, y: zero)] {
            #expect(throws: CredentialError.self) {
                try checker.isSignature(signature, of: Self.message, by: key)
            }
        }
    }

    private static let modulus1024 =
        "o0kbljH4Xf52hPia2En7-NEh-eYNJhtfMig31sEfHVH2rS8QRzF4hKyQG_NOPhun-JE0kA8_AA-S9MEGECJU1Zrc"
        + "HFgrBBvUXbHnmGHHmvvOOJNcpJe_Vc7NqgaducJBPgkMgv_Az5S_NRWxg9wIyzsh8otaOfYqJH7rxPDdCjc"
    private static let signature1024 =
        "U8242_UvQWsbdbQPHn9gZ008g2BUYxT_lc2g9Tj4CjvqaqsfhMNEoMFFIY9jtsHQAaDxMPfIunD_Vq2E7rH86Crq"
        + "Q9UEIAUI-OoSukWeykhpXGNAPvwl4DgLeKXVCGQ0OnaaACflir-cX4A1o5b3eXQdbn8ezbZhDYXHm5cHJpk"
    private static let modulus2047 =
        "WPx3ejXxnvT9QjC6yKOne98Anl5ihA4cp1a1cLMGm2Jz_C8Aft1pRtdzH_N4v6VG08sYsqEf1Alrlg5aJENJ9rYL"
        + "VsOPhWH6msVBtA219I_BcjuMDxKwAJGqn2b6le3907Z-03j15hinCfrZI36DI16xZDTKWzND0SIH0JxgPngp7FlE"
        + "8PqKHmwODSa4uErZRxcOed3-LUYE1omSafvCw-VeYqQIjGzpYcE6hGvCyEekA9q_db9LmKsSWWPKwzzQhOHvimUI"
        + "LNYnHKeruN1nQES390Qg_2xdVDHz5V_skqLr147m0uilQexIg09eP-C_gJI9iafmzy4Fs2BdFoR2QQ"
    private static let signature2047 =
        "EWzZiP6Nau5mC60NgPgjoxImvPpA1_afUA9oLiitkpHpV1hzyEomYriT2Owedpx2wqTmePi-fpNKFxLdLL0x8NrX"
        + "dkPPiPkI8o5THkXVJ_guX3UmRhMfvbpSB5s6zvuhFE_o2i5TvSYWW61839AhEKlsdpemqQvqfwzVRn5wYSnZzENU"
        + "yJjQJ4K7f1nKkfQaXZs13tZHCGCiuliwY5MQEoQUhCLCDhYMsWV5ICFUgK6-GZZHEixbbKXN7MKhES6kHu2AdAmd"
        + "YzB6-cJ6oo5Y7z3nzgjVgAON1h0Q5m1NQpSw0j0bSUl6p1XNKrPcoDK7GtahD4iySf0fffKDOAdSJg"
    private static let modulus2048 =
        "nWS20v_yhF01L603PzekPr1wE6hXpUpngl8KZJ_bHHAdOWVDBpEudMH6MuQ2PK8wPa9ry3Ak-_17TQHVj45PAV_D"
        + "JUU85eg44L_XOaTeJLaJSYalbaAdLaCbOU-yai3fUDf5MD3y_A4gjXPI8nG09VItCXapT4eTW9X29k1oSjBIa7ia"
        + "nYenh6pZ6KvEFun1NdF1Su4S_QyHR5ESGw5eEfe-nyvr11pR7Oa7qPdD-3RqY2EoekMs4jsxJFORh7ciemdMGpp2"
        + "zIdTbkyzWpeCTLearicm66l_J94awC0DrfIpqMlcNHFT1dCkc4tkM9x02f-LtYULoyArUlNJZSr3sw"
    private static let signature2048 =
        "a1UHG2YScyTtKN7Zk6x0aJ11SU6oOCIaplRuzFlhNmH2YZHUbSLuDt041hXx8mhoiioBD2kdnIpYlgpBc6khgdA4"
        + "Y2AubqaWkZ8Dk0zHokcYeFcDX_YMaUQcee54PFXvBCXqp0VjTxERjh_Siy-3xvJKto-xdUW0JT6U51PcM-GLGzsC"
        + "qIprQ1VjZQL3_mePYpy0UjU_Fc0mqNzQqR7X7YHX7qdT5IglWFcZn2byjRGfoP6quvAOdew2JQt9VZDqvapbBWsx"
        + "Sg6Z2CIgRh4AOC1soQTLyezhA77d8Dw8jXYuHo-1HiKU-rTtxRbbX-B6VK1ax4wL1Y15cYuZPaoWOQ"
    private static let x = "wcaouXiLXBMP9hJsPN0YaKC6bOk1wkWV_-G0w4nFk-E"
    private static let y = "5PlCYLRljYGc4ztsgZa-hQn5RpvQCTtKBo_reC0_9-o"
    private static let signatureHigh =
        "jYDRQPKYYu5flSOc7gIaOfibUdjCXGd9JBieLQ4vvZB0T83ja-weVbXdpbtTW_84GHBIu9Vuo1zjRe_yZmBHZg"
    private static let signatureZeroR =
        "APikunxpLp-8bYo2U12lchHWLv1d5GRaF-d0JbEOkAI3Ez58VpyJYKtvZuEEEFFyUj3mP-kjrEMnuSzWkdFSDA"
    private static let signatureZeroS =
        "fGGEhGSxEgE3tYCInmQgjc7VefLaNHxIPbC8Fit60_0A-zYdzsdtyKbKdTV1DGI-DhvQsFtuuZg7gVqZ8UooRw"
}
