/// Control frames of RFC 6455 as a server writes them: unmasked, final.
///
/// They are written raw, like all frames of the gateway: Debian builds libwebsockets in a way that
/// loses its own Close frames under libuv.
enum WebSocketFrame {
    /// A Ping with one byte of payload: libwebsockets does not tell of pongs without one.
    static let ping: [UInt8] = [0x89, 0x01, 0x2e]

    /// A Close frame (RFC 6455 5.5.1); the reason is cut to 123 bytes at a character's border.
    static func close(code: UInt16, reason: String) -> [UInt8] {
        var text: [UInt8] = []
        for character in reason {
            guard text.count + character.utf8.count <= 123 else { break }
            text += Array(character.utf8)
        }
        return [0x88, UInt8(text.count + 2), UInt8(code >> 8), UInt8(code & 0xff)] + text
    }

    /// A Close frame whose payload somebody else has made.
    static func close(payload: [UInt8]) -> [UInt8] {
        [0x88, UInt8(payload.count)] + payload
    }
}
