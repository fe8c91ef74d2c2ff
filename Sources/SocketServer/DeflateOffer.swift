/// The offer of permessage-deflate that is accepted, of those that a client makes (RFC 7692, 7.1).
///
/// Both sides forget after each message: one compressed frame serves all receivers, and no connection
/// keeps memory for it. A client that wants a smaller window of us is not offered any compression.
struct DeflateOffer: Equatable {
    static let name = "permessage-deflate"

    /// How many offers of the same extension were passed over.
    let place: Int
    /// What follows the name in the answer.
    let answer: String

    /// Chooses the first that we can fulfill; `nil` if there is none.
    ///
    /// - Parameter header: the value of `sec-websocket-extensions`.
    init?(choosing header: String) {
        // libwebsockets takes a tab for a comma, and knows no quotes: what it would read otherwise than we
        // do is not accepted.
        guard !header.contains(where: { $0 == "\"" || $0 == "\t" || !$0.isASCII }) else {
            return nil
        }
        let offers = header.split(separator: ",").map { offer in
            offer.split(separator: ";", omittingEmptySubsequences: false).map { part in
                part.filter { $0 != " " }
            }
        }.filter { $0.first == Self.name }
        for (place, offer) in offers.enumerated() {
            guard let answer = Self.answer(offer.dropFirst()) else { continue }
            // Behind an offer without parameters libwebsockets reads on, and gives up at a second one.
            guard offer.count > 1 || place == offers.count - 1 else { return nil }
            self.place = place
            self.answer = answer
            return
        }
        return nil
    }

    /// The answer to an offer's parameters; `nil` if one of them cannot be fulfilled.
    private static func answer(_ parameters: ArraySlice<String>) -> String? {
        var answer = "; server_no_context_takeover; client_no_context_takeover"
        var names: Set<Substring> = []
        for parameter in parameters {
            let parts = parameter.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, names.insert(name).inserted else { return nil }
            let value = parts.count == 2 ? parts[1] : nil
            switch name {
            case "server_no_context_takeover", "client_no_context_takeover":
                guard value == nil else { return nil }
            case "client_max_window_bits":
                guard value.map({ bits.contains($0) }) ?? true else { return nil }
            case "server_max_window_bits":
                // What is not answered the client may take for a refusal.
                guard value == "15" else { return nil }
                answer += "; server_max_window_bits=15"
            default: return nil
            }
        }
        return answer
    }

    private static let bits: Set<Substring> = ["8", "9", "10", "11", "12", "13", "14", "15"]
}
