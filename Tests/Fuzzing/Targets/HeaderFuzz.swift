import Ports

@testable import Gateway
@testable import SocketServer

/// A header of a request, whichever it is: who came through proxies has an address, a cookie is one, an origin
/// is ours only letter by letter, and what is answered to an offer can be no other header.
func fuzzHeader(_ bytes: [UInt8]) throws(Violation) {
    let text = String(decoding: bytes, as: UTF8.self)
    try fuzzOffer(text)
    try fuzzForwarding(text)
    try fuzzIdentity(text)
}

private func fuzzOffer(_ text: String) throws(Violation) {
    guard let offer = DeflateOffer(choosing: text) else { return }
    try expect(
        offer.answer.utf8.allSatisfy { 0x20...0x7E ~= $0 && $0 != 0x2C },
        "an answer of more than one header or offer")
    try expect(offer.place >= 0 && offer.place < text.utf8.count, "a place that is not there")
    let again = DeflateOffer(choosing: DeflateOffer.name + offer.answer)
    try expect(again?.answer == offer.answer, "what is answered would not be accepted")
}

private let proxies = TrustedProxies("10.0.0.0/8, fd00::/8")

private func fuzzForwarding(_ text: String) throws(Violation) {
    guard let proxies else { throw Violation("no proxies") }
    let client = proxies.client(
        peer: "10.1.2.3", isSecure: false, forwardedFor: text, scheme: text)
    try expect(InternetAddress(client.address) != nil, "an address that is none")
    let stranger = proxies.client(
        peer: "192.0.2.1", isSecure: false, forwardedFor: text, scheme: text)
    try expect(
        stranger.address == "192.0.2.1" && !stranger.isSecure,
        "somebody who is no proxy is believed")
}

private func fuzzIdentity(_ text: String) throws(Violation) {
    let host = "gw.example:8555"
    let request = HttpRequest(
        method: "GET", path: "/",
        headers: ["cookie": text, "authorization": text, "origin": text, "host": host])
    let secret = SessionCookie.secret(in: request)
    try expect(secret.map { !$0.contains(";") } ?? true, "a cookie with another in it")
    let token = bearerToken(in: request)
    try expect(token.map { !$0.isEmpty && $0.first != " " } ?? true, "a token that is none")
    let own = Array("http://\(host)".utf8)
    let isOurs = text.utf8.elementsEqual(own) { $0 == $1 || ($0 | 0x20 == $1 && $0 >= 0x41) }
    try expect(OriginPolicy().trusts(request) == isOurs, "another origin is taken for ours")
}
