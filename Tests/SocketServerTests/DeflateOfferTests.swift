import Testing

@testable import SocketServer

@Suite struct DeflateOfferTests {
    private static let both = "; server_no_context_takeover; client_no_context_takeover"

    @Test(arguments: [
        // Chromium, Firefox; Python's websockets; tornado.
        ("permessage-deflate; client_max_window_bits", 0, both),
        ("permessage-deflate", 0, both),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", 0, both),
        ("permessage-deflate;client_max_window_bits=8", 0, both),
        (
            "permessage-deflate; server_max_window_bits=15", 0,
            both + "; server_max_window_bits=15"
        ),
        // The first one cannot be fulfilled.
        ("permessage-deflate; server_max_window_bits=9, permessage-deflate", 1, both),
        ("foo, permessage-deflate; client_max_window_bits, permessage-deflate", 0, both),
    ])
    func `the first offer that can be fulfilled is accepted`(
        header: String, place: Int, answer: String
    ) {
        let offer = DeflateOffer(choosing: header)

        #expect(offer?.place == place)
        #expect(offer?.answer == answer)
    }

    @Test(arguments: [
        "", "x-webkit-deflate-frame", "permessage-deflate; server_max_window_bits=10",
        "permessage-deflate; server_max_window_bits", "permessage-deflate; other",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=08",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1", "permessage-deflate;",
        "permessage-deflate; client_max_window_bits=\"8\"", "permessage-deflate;\tfoo",
        // libwebsockets would end the connection at the second one.
        "permessage-deflate, permessage-deflate",
    ])
    func `an offer that cannot be fulfilled, or read for sure, is passed over`(header: String) {
        #expect(DeflateOffer(choosing: header) == nil)
    }
}
