internal import Ports

extension HttpDesk {
    /// Adds an entity tag to what was read, and leaves the body out if the caller has it already
    /// (RFC 9110, 13.1.2).
    ///
    /// The tag is of the bytes, or of what the answer names in their place, and good for one run of the
    /// gateway; so it never holds between two who see different things.
    func tagged(_ response: HttpResponse, for request: HttpRequest) -> HttpResponse {
        guard response.status == 200 else { return response }
        var response = response
        if !response.headers.contains(where: { $0.name == "etag" }) {
            response.headers.append(("etag", tag(of: response.body)))
        }
        let tag = response.headers.first { $0.name == "etag" }?.value
        guard let tag, let known = request.headers["if-none-match"],
            known.split(separator: ",").contains(where: { name in
                let name = name.trimming(" ")
                return name == "*" || name == tag || name == "W/\(tag)"
            })
        else { return response }
        response.status = 304
        response.body = []
        response.headers.removeAll { $0.name == "content-type" }
        return response
    }

    /// The entity tag of some bytes.
    func tag(of bytes: [UInt8]) -> String {
        var hasher = Hasher()
        hasher.combine(bytes)
        return "\"\(String(UInt(bitPattern: hasher.finalize()), radix: 36))\""
    }
}

extension Substring {
    /// Itself without a character at its ends.
    fileprivate func trimming(_ character: Character) -> Substring {
        var text = self.drop { $0 == character }
        while text.last == character { text.removeLast() }
        return text
    }
}
