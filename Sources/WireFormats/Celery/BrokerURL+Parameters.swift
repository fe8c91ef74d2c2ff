extension BrokerURL {
    /// One member of the query.
    struct Parameter {
        var name: String
        var value: String
    }

    static func parameters(_ query: String, _ place: String) throws(CeleryError) -> [Parameter] {
        var parameters: [Parameter] = []
        for part in query.split(separator: "&") {
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            let value = equals == part.endIndex ? "" : part[part.index(after: equals)...]
            parameters.append(
                Parameter(
                    name: try plain(part[..<equals], place), value: try plain(value, place)))
        }
        return parameters
    }

    /// Percent escapes of a query; file paths have few, and a broken one is refused.
    private static func plain(_ text: Substring, _ place: String) throws(CeleryError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                bytes.append(0x20)
            } else if byte == UInt8(ascii: "%") {
                let pair = String(rest.prefix(2)) ?? ""
                guard pair.utf8.count == 2, let value = UInt8(pair, radix: 16) else {
                    throw CeleryError(
                        .invalid, place, "has a % in its query that is not followed by two digits")
                }
                rest = rest.dropFirst(2)
                bytes.append(value)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func credentialProvider(_ place: String) -> CeleryError {
        CeleryError(
            .unsupported, place,
            "has credential_provider, which names a Python class; this gateway runs no Python, so "
                + "give a user and password (redis://user:password@host/0)")
    }

    static func unknown(_ name: String, _ place: String) -> CeleryError {
        let shown = String(name.unicodeScalars.prefix(40).filter { $0.isASCII && $0.value > 0x20 })
        return CeleryError(
            .invalid, place,
            "has the parameter \(shown), which Celery's broker URL does not take; remove it "
                + "(only ssl_… parameters are known)")
    }

    /// Reads what `broker_use_ssl` or `sentinel_kwargs` say, written as the parameters of a URL.
    ///
    /// - Parameter place: what the text is, for messages.
    package static func tls(_ text: String, place: String) throws(CeleryError) -> TLS {
        let tls = try tls(parameters(text, place), .rediss, .broker, place)
        return tls ?? TLS(verification: .required, isVerificationGiven: false)
    }

    static func tls(
        _ parameters: [Parameter], _ scheme: Scheme, _ role: Role, _ place: String
    ) throws(CeleryError) -> TLS? {
        var tls = TLS(verification: .required, isVerificationGiven: false)
        for parameter in parameters {
            switch parameter.name {
            case "credential_provider": throw credentialProvider(place)
            case "ssl_cert_reqs":
                tls.verification = try verification(parameter.value, place)
                tls.isVerificationGiven = true
            case "ssl_ca_certs": tls.authorityFile = parameter.value
            case "ssl_certfile": tls.certificateFile = parameter.value
            case "ssl_keyfile": tls.keyFile = parameter.value
            case "ssl_check_hostname":
                tls.checksHostname = try truth(parameter.value, "\(place), ssl_check_hostname")
            default:
                // redis-py takes more from a result backend URL; they are about its own sockets.
                if role == .broker { throw unknown(parameter.name, place) }
            }
            if scheme != .rediss, parameter.name.hasPrefix("ssl_") {
                throw CeleryError(
                    .invalid, place,
                    scheme == .sentinel
                        ? "has \(parameter.name), which Celery does not read from a sentinel:// "
                            + "URL; give --sentinel-master-ssl, and --sentinel-ssl for the Sentinels"
                        : "has \(parameter.name) but no TLS; write rediss://")
            }
        }
        guard scheme == .rediss else { return nil }
        if role == .resultBackend, !tls.isVerificationGiven {
            throw CeleryError(
                .invalid, place,
                "is a rediss:// result backend and needs ssl_cert_reqs=required, optional or none, "
                    + "as Celery demands")
        }
        return tls
    }

    private static func verification(
        _ text: String, _ place: String
    ) throws(CeleryError) -> TLS.Verification {
        switch text {
        case "CERT_REQUIRED", "required": return .required
        case "CERT_OPTIONAL", "optional": return .optional
        case "CERT_NONE", "none": return .none
        default:
            throw CeleryError(
                .invalid, place,
                "has an ssl_cert_reqs that is not known; use required, optional or none")
        }
    }

    private static func truth(_ text: String, _ place: String) throws(CeleryError) -> Bool {
        switch text.lowercased() {
        case "true", "1", "yes", "on", "t", "y": return true
        case "false", "0", "no", "off", "f", "n": return false
        default: throw CeleryError(.invalid, place, "must be true or false")
        }
    }
}
