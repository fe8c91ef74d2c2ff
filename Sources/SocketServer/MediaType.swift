/// Media types of web files by their ending.
enum MediaType {
    private static let types: [String: String] = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
        "json": "application/json", "map": "application/json",
        "webmanifest": "application/manifest+json", "svg": "image/svg+xml",
        "txt": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8",
        "xml": "application/xml", "wasm": "application/wasm", "png": "image/png",
        "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "ico": "image/x-icon",
        "woff2": "font/woff2", "woff": "font/woff",
    ]
    private static let compressible: Set<String> = [
        "html", "css", "js", "mjs", "json", "map", "webmanifest", "svg", "txt", "md", "xml",
        "wasm", "ico",
    ]

    /// The media type of a file; unknown ones are opaque bytes.
    static func of(_ name: String) -> String {
        types[ending(name)] ?? "application/octet-stream"
    }

    /// Whether compressing such a file is worth trying.
    static func isCompressible(_ name: String) -> Bool {
        compressible.contains(ending(name))
    }

    private static func ending(_ name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }
}
