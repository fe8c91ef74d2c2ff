internal import Ports
internal import WireFormats

/// The bearer token that a browser offers as a second subprotocol, the only header that it lets a page choose
/// (R3). It is never echoed.
///
/// libwebsockets drops a connection whose offers are longer than 62 bytes, and a token is 64 bytes long. So it
/// is offered without its first four, which are the same in all of them.
func subprotocolToken(in request: HttpRequest, _ secrets: any SecretSource) -> String? {
    let offers = (request.headers["sec-websocket-protocol"] ?? "").split(separator: ",")
    for offer in offers.map({ $0.filter { $0 != " " && $0 != "\t" } })
    where offer != ClientProtocol.subprotocol {
        let token = ClientProtocol.tokenPrefix + offer
        if secrets.tokenID(of: token) != nil { return token }
    }
    return nil
}
