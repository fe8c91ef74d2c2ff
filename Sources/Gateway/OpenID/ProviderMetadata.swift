internal import Ports
internal import WireFormats

/// How a provider says it can be spoken to (OpenID Connect Discovery 1.0, 3).
struct ProviderMetadata: Equatable {
    /// How the client proves who it is at the token endpoint (OpenID Connect Core, 9).
    enum ClientProof: String {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
    }

    /// Why a document is of no use.
    struct Fault: Error, Equatable {
        let message: String
    }

    let authorization: WebAddress
    let token: WebAddress
    let keys: WebAddress
    let proof: ClientProof
    /// Whether answers to the browser name the issuer (RFC 9207).
    let namesIssuer: Bool

    /// Where the document is.
    static func url(of issuer: WebAddress) -> String {
        let text = issuer.text
        return (text.last == "/" ? String(text.dropLast()) : text)
            + "/.well-known/openid-configuration"
    }

    /// Reads the document of an issuer.
    init(_ document: JsonValue, issuer: WebAddress) throws(Fault) {
        guard ExactText.isEqual(document["issuer"]?.string, issuer.text) else {
            throw Fault(
                message:
                    "the document is of another issuer; compare the setting with it, also a / at the end"
            )
        }
        authorization = try Self.address("authorization_endpoint", document, issuer)
        token = try Self.address("token_endpoint", document, issuer)
        keys = try Self.address("jwks_uri", document, issuer)
        let algorithms = document["id_token_signing_alg_values_supported"]?.array
        guard algorithms?.contains(where: { ["RS256", "ES256"].contains($0) }) ?? true else {
            throw Fault(message: "the provider signs with neither RS256 nor ES256")
        }
        // What is used if nothing is said.
        let proofs = document["token_endpoint_auth_methods_supported"]?.array
        let known: [ClientProof] = [.basic, .post]
        guard
            let proof = proofs.map({ listed in
                known.first { listed.contains(.string($0.rawValue)) }
            }) ?? .basic
        else {
            throw Fault(
                message: "the provider takes neither client_secret_basic nor client_secret_post")
        }
        self.proof = proof
        namesIssuer = document["authorization_response_iss_parameter_supported"] == true
    }

    private static func address(
        _ name: String, _ document: JsonValue, _ issuer: WebAddress
    ) throws(Fault) -> WebAddress {
        guard let address = document[name]?.string.flatMap(WebAddress.init),
            // Nobody is led from a provider on the network to a server of this machine.
            !address.isPlain || issuer.isPlain
        else {
            throw Fault(message: "\(name) is no https address")
        }
        return address
    }
}
