internal import CLibwebsockets
internal import EventLoop
internal import Ports

/// Reads the head of a request out of libwebsockets' header tables.
@LoopActor
struct RequestReader {
    /// A head, and what the server itself needs of it.
    struct Head {
        var request: HttpRequest
        /// As the request line says it; empty if it does not.
        var version: String
        /// The body's length; `nil` if the header is absent or makes no sense.
        var contentLength: Int?
        var hasContentLength: Bool
        var hasTransferEncoding: Bool
        var keepsAlive: Bool
        var expectsContinue: Bool
        var acceptsGzip: Bool
        var ifNoneMatch: String?
        /// Bytes of all header values that libwebsockets knows by name.
        var bytes: Int
        /// Whether the request line is whole, and free of control characters. libwebsockets takes
        /// an escaped line end for a real one; the version is missing then.
        var isClean: Bool
    }

    private static let methods: [(String, lws_token_indexes)] = [
        ("GET", WSI_TOKEN_GET_URI), ("HEAD", WSI_TOKEN_HEAD_URI), ("POST", WSI_TOKEN_POST_URI),
        ("PUT", WSI_TOKEN_PUT_URI), ("PATCH", WSI_TOKEN_PATCH_URI),
        ("DELETE", WSI_TOKEN_DELETE_URI), ("OPTIONS", WSI_TOKEN_OPTIONS_URI),
    ]

    /// The headers that libwebsockets has a token for, by lower-case name.
    private static let tokens: [String: lws_token_indexes] = {
        var tokens: [String: lws_token_indexes] = [:]
        for number in 0..<WSI_TOKEN_COUNT.rawValue {
            let token = lws_token_indexes(rawValue: number)
            guard let text = unsafe lws_token_to_string(token) else { continue }
            let name = unsafe String(
                cString: UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self))
            guard name.hasSuffix(":"), name.count > 1 else { continue }
            tokens[String(name.dropLast())] = token
        }
        return tokens
    }()

    let wsi: BorrowedWsi
    let configuration: SocketServerConfiguration

    /// Reads everything; `nil` if there is no request line.
    func read(peer: String) -> Head? {
        guard let (method, pathToken) = Self.methods.first(where: { wsi.length(of: $0.1) > 0 })
        else { return nil }
        let path = fragments(of: pathToken)
        let query =
            wsi.length(of: WSI_TOKEN_HTTP_URI_ARGS) > 0
            ? fragments(of: WSI_TOKEN_HTTP_URI_ARGS) : []
        let client = configuration.trustedProxies.client(
            peer: peer, isSecure: wsi.isSecure, forwardedFor: header("x-forwarded-for"),
            scheme: header("x-forwarded-proto"))
        var request = HttpRequest(
            method: method, path: UrlText.encodePath(Array(path.joined(separator: [0x26]))),
            query: query.map(UrlText.encodeQueryItem).joined(separator: "&"),
            peer: client.address, isSecure: client.isSecure,
            certificateKey: configuration.identity?.clientAuthorityPath == nil
                ? nil : wsi.certificateKey)
        for name in configuration.allowedHeaders {
            request.headers[name] = header(name)
        }
        let length = header("content-length")
        let version = wsi.header(WSI_TOKEN_HTTP).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let connection = (header("connection") ?? "").lowercased()
        return Head(
            request: request, version: version, contentLength: length.flatMap(Self.length),
            hasContentLength: length != nil,
            hasTransferEncoding: header("transfer-encoding") != nil,
            keepsAlive: version == "HTTP/1.1"
                ? !connection.contains("close") : connection == "keep-alive",
            expectsContinue: header("expect")?.lowercased() == "100-continue",
            acceptsGzip: Self.acceptsGzip(header("accept-encoding") ?? ""),
            ifNoneMatch: header("if-none-match"), bytes: size,
            isClean: ["HTTP/1.1", "HTTP/1.0"].contains(version)
                && (path + query).allSatisfy { $0.allSatisfy { $0 >= 0x20 && $0 != 0x7f } })
    }

    /// A header's value; `nil` if it is absent.
    func header(_ name: String) -> String? {
        let bytes =
            if let token = Self.tokens[name] {
                wsi.header(token)
            } else {
                wsi.customHeader(name + ":")
            }
        guard let bytes else { return nil }
        let text = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        return String(decoding: text, as: UTF8.self)
    }

    private var size: Int {
        Self.tokens.values.reduce(0) { $0 + wsi.length(of: $1) }
            + wsi.length(of: WSI_TOKEN_HTTP_URI_ARGS)
            + Self.methods.reduce(0) { $0 + wsi.length(of: $1.1) }
    }

    private func fragments(of token: lws_token_indexes) -> [[UInt8]] {
        var all: [[UInt8]] = []
        while let fragment = wsi.fragment(Int32(all.count), of: token) {
            all.append(fragment)
        }
        return all
    }

    /// A content length: digits only, so that no two readers of the request can disagree on it.
    private static func length(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    /// Whether gzip may be sent (RFC 9110 12.5.3): named, or covered by `*`, and not with weight 0.
    nonisolated static func acceptsGzip(_ text: String) -> Bool {
        var everything: Bool?
        for entry in text.lowercased().split(separator: ",") {
            let parts = entry.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            let isRefused = parts.dropFirst().contains {
                $0.hasPrefix("q=0") && $0.dropFirst(3).allSatisfy { $0 == "." || $0 == "0" }
            }
            switch parts.first {
            case "gzip", "x-gzip": return !isRefused
            case "*": everything = !isRefused
            default: continue
            }
        }
        return everything ?? false
    }
}
