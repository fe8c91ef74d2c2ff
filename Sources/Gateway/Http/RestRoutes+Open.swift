internal import EventLoop
internal import Ports
internal import WireFormats

extension RestRoutes {
    private static let session = RestReply.object([
        "csrf": ["type": "string"],
        "who": ["type": "object", "required": ["sub", "name", "role"]],
    ])

    /// What anybody may ask.
    static let open: [RestRoute] = [
        RestRoute(
            "GET", "/healthz", "Whether the gateway runs.", replies: [.text], refusals: [],
            .open { desk, _ in desk.text("ok\n") }),
        RestRoute(
            "GET", "/readyz", "Whether the gateway knows the state of the workers.",
            replies: [.text, .notReady], refusals: [],
            .open { desk, _ in
                desk.to.isReady() ? desk.text("ready\n") : desk.text("not ready\n", status: 503)
            }),
        signIn,
        RestRoute(
            "GET", "/api/session", "Whose session it is, and its CSRF token.",
            replies: [session], refusals: [401],
            .open { desk, request in await desk.readSession(request) }),
        RestRoute(
            "DELETE", "/api/session", "End a session.", replies: [.nothing], refusals: [401, 403],
            .open { desk, request in await desk.closeSession(request) }),
        RestRoute(
            "GET", "/api/setup", "Whether the first admin is still to be made.",
            replies: [.object(["open": ["type": "boolean"]])], refusals: [],
            .open { desk, _ in await desk.describeSetup() }),
        setup,
        RestRoute(
            "GET", "/auth/oidc",
            "What the provider is called that people sign in with, if there is one.",
            replies: [.object(["name": ["type": ["string", "null"]]])], refusals: [],
            .open { desk, _ in desk.describeOpenID() }),
        RestRoute(
            "GET", "/auth/oidc/start", "Send a browser to the provider (OpenID Connect).",
            replies: [.elsewhere], refusals: [403, 404],
            .open { desk, request in await desk.startOpenID(request) }),
        comeBack,
    ]

    private static let comeBack: RestRoute = {
        var route = RestRoute(
            "GET", OpenIDSettings.callbackPath,
            "Take what a browser comes back with from the provider; the page is told what is wrong.",
            replies: [.elsewhere], refusals: [404, 429],
            .open { desk, request in await desk.finishOpenID(request) })
        route.query = [
            .text("state", "Which sign-in it is about."),
            .text("code", "What is exchanged for the ID token."),
            .text("iss", "The provider."), .text("error", "Why there is no code."),
        ]
        return route
    }()

    private static let setup: RestRoute = {
        var route = RestRoute(
            "POST", "/api/setup",
            "Exchange the code of the set-up link, a name and a password for the first admin and a session's cookie.",
            replies: [session], refusals: [400, 401, 403, 409, 413, 429, 503],
            .open { desk, request in await desk.setUp(request) })
        route.body = [
            "type": "object", "required": ["code", "name", "password"],
            "properties": [
                "code": ["type": "string"], "name": ["type": "string", "minLength": 1],
                "password": ["type": "string"],
            ],
        ]
        return route
    }()

    private static let signIn: RestRoute = {
        var route = RestRoute(
            "POST", "/api/session",
            "Exchange a one-time code, a token, or a name and a password for a session's cookie.",
            replies: [session], refusals: [400, 401, 403, 413, 429, 503],
            .open { desk, request in await desk.openSession(request) })
        route.body = [
            "type": "object",
            "properties": [
                "code": ["type": "string"], "token": ["type": "string"],
                "name": ["type": "string", "minLength": 1], "password": ["type": "string"],
                "totp": ["type": "string"],
            ],
            "anyOf": [
                ["required": ["code"]], ["required": ["token"]],
                ["required": ["name", "password"]],
            ],
        ]
        return route
    }()
}
