/// What to change when a Redis server cannot be reached or refuses, told from the words of the server
/// or the system.
package enum BrokerAdvice {
    /// What to change; `nil` if the words say nothing that is known.
    ///
    /// - Parameter reason: why a link ended or a command was refused, as the links tell it.
    package static func fix(for reason: String) -> String? {
        rules.first { rule in rule.words.contains { reason.contains($0) } }?.fix
    }

    private static let rules: [(words: [String], fix: String)] = [
        (
            ["NOAUTH"],
            "Redis wants a password: give it in the URL, as in redis://user:password@host:6379/0."
        ),
        (
            ["WRONGPASS", "invalid password", "without any password configured"],
            "Correct user and password in the URL (% and / in a password are written %25 and %2F), or set them in Redis with ACL SETUSER; a Sentinel has a password of its own."
        ),
        (
            ["NOPERM", "ACL failure"],
            "Allow it to the user, for example ACL SETUSER name ~* &* +@all -@dangerous +info +config|get +role."
        ),
        (
            ["LOADING"],
            "Wait: Redis reads its data after a start. If it takes too long, its data set is too big."
        ),
        (
            ["READONLY", "MASTERDOWN", "not the master", "became a replica"],
            "Give the URL of the master, or all servers as a;b, or sentinel:// with --sentinel-master."
        ),
        (
            ["does not know it"],
            "Give the master's name as the Sentinels know it with --sentinel-master."
        ),
        (
            ["no Sentinel knows the master"],
            "Look at the Sentinels: none of those in the URL could be asked."
        ),
        (["OOM"], memory),
        (["MISCONF"], disk),
        (
            ["max number of clients"],
            "Raise maxclients of Redis, or find out who holds so many connections (CLIENT LIST)."
        ),
        (
            ["DENIED"], "Give Redis a password, or a bind address that this machine may use."
        ),
        (
            [
                "wrong version number", "packet length too long", "unexpected eof while reading",
                "in time (TLS handshake)",
            ],
            "Write redis:// for a server without TLS, and give rediss:// the server's TLS port."
        ),
        (
            [
                "certificate required", "TLS write: Connection reset", "TLS read: Connection reset",
                "TLS write: Broken pipe",
            ],
            "The server asks for a certificate of ours: give ssl_certfile and ssl_keyfile in the URL."
        ),
        (
            ["mismatch"],
            "Use the host name that the certificate names, or give ssl_check_hostname=false."
        ),
        (
            ["certificate", "reading "],
            "Give ssl_ca_certs=FILE in the URL with the authority that signed the server's certificate."
        ),
        (
            ["looking up"], "Correct the host name in the URL, or the machine's name service."
        ),
        (
            ["Connection refused", "No such file"],
            "Start Redis, or correct host and port (or the socket's path) in the URL."
        ),
        (
            ["nothing heard", "did not answer in time", "has not arrived", "timed out"],
            "Look at the network between here and Redis: it passes nothing on. The gateway reconnects by itself."
        ),
    ]

    static let memory =
        "Give Redis more memory (CONFIG SET maxmemory BYTES), or start workers so that the queues empty; keep maxmemory-policy noeviction."
    static let disk =
        "Look at the log of Redis: its disk is full or may not be written. CONFIG SET stop-writes-on-bgsave-error no lets it go on without snapshots."
}
