internal import Ports
internal import WireFormats

/// A JSON answer.
func json(_ value: JsonValue, status: Int = 200) -> HttpResponse {
    HttpResponse(
        status: status,
        headers: [("content-type", "application/json"), ("cache-control", "no-store")],
        body: Array(value.text().utf8))
}

/// An error as `application/problem+json` (RFC 9457).
///
/// - Parameter needs: the member of the body that is missing, for a page to ask for it.
func problem(
    _ status: Int, _ title: String, _ detail: String, code: Int? = nil, needs: String? = nil
) -> HttpResponse {
    var members: [JsonMember] = [
        JsonMember("type", "about:blank"), JsonMember("title", .string(title)),
        JsonMember("status", .integer(Int64(status))), JsonMember("detail", .string(detail)),
    ]
    if let code { members.append(JsonMember("code", .integer(Int64(code)))) }
    if let needs { members.append(JsonMember("needs", .string(needs))) }
    return HttpResponse(
        status: status,
        headers: [("content-type", "application/problem+json"), ("cache-control", "no-store")],
        body: Array(JsonValue.object(members).text().utf8))
}
