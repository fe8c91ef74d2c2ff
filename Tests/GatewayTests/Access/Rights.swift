import Ports

@testable import Gateway

/// Who may what, as the tests expect it: written by hand, and not read from the declarations.
///
/// The columns are viewer, operator, admin, wall and bot; `+` is everything, `m` is all but users' texts,
/// `-` is nothing.
struct Rights {
    static let roles: [Role] = [.viewer, .operator, .admin, .wall, .bot]

    private let cells: [String: String]

    init(_ table: String) {
        var cells: [String: String] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            cells[words.dropLast(5).joined(separator: " ")] = words.suffix(5).joined()
        }
        self.cells = cells
    }

    /// What is in the table.
    var subjects: Set<String> { Set(cells.keys) }

    /// What a role may; `nil` if nobody has thought about it.
    func cell(_ subject: String, _ role: Role) -> Character? {
        guard let place = Self.roles.firstIndex(of: role), let row = cells[subject] else {
            return nil
        }
        return Array(row)[place]
    }

    static let topics = Rights(
        """
        stats     + + + + +
        workers   + + + + +
        queues    + + + + +
        commands  m + + - +
        health    + + + + +
        alerts    + + + + +
        tasks     m + + - +
        trash     + + + - +
        audit     - - + - -
        """)

    static let methods = Rights(
        """
        session.start    + + + + +
        session.refresh  + + + + +
        sub.open         + + + + +
        sub.close        + + + + +
        sub.resync       + + + + +
        view.open        m + + - +
        view.move        + + + + +
        view.close       + + + + +
        query            m + + - +
        events.open      m + + - +
        events.close     + + + + +
        cmd.submit       - + + - +
        cmd.plan         - + + - -
        cmd.read         m + + - +
        cmd.items        - + + - +
        queue.messages   m + + - +
        trash.messages   + + + - +
        """)

    static let commands = Rights(
        """
        task.run                       - + + - +
        task.group                     - + + - +
        task.chord                     - + + - +
        task.retry                     - + + - -
        task.revoke                    - + + - -
        task.revoke terminate          - - + - -
        task.revokeStamped             - + + - -
        task.revokeStamped terminate   - - + - -
        task.query                     - + + - +
        worker.ping                    - + + - +
        worker.report                  - + + - -
        worker.memory                  - + + - -
        worker.poolGrow                - - + - -
        worker.poolShrink              - - + - -
        worker.autoscale               - - + - -
        worker.rateLimit               - + + - -
        worker.timeLimit               - + + - -
        worker.addConsumer             - + + - -
        worker.cancelConsumer          - + + - -
        worker.enableEvents            - + + - -
        worker.disableEvents           - - + - -
        worker.restart                 - - + - -
        worker.shutdown                - - + - -
        queue.purge                    - - + - -
        queue.restore                  - - + - -
        queue.pause                    - + + - -
        queue.resume                   - + + - -
        message.delete                 - - + - -
        message.move                   - + + - -
        message.prioritize             - + + - -
        """)

    static let routes = Rights(
        """
        GET /healthz                              + + + + +
        GET /readyz                               + + + + +
        POST /api/session                         + + + + +
        GET /api/session                          + + + + +
        DELETE /api/session                       + + + + +
        GET /api/setup                            + + + + +
        POST /api/setup                           + + + + +
        GET /auth/oidc                            + + + + +
        GET /auth/oidc/start                      + + + + +
        GET /auth/oidc/callback                   + + + + +
        DELETE /api/sessions                      + + + + +
        GET /api/openapi.json                     + + + + +
        GET /metrics                              + + + - +
        GET /api/celery/stats                     + + + + +
        GET /api/celery/workers                   + + + + +
        GET /api/celery/queues                    + + + + +
        GET /api/celery/commands                  m + + - +
        GET /api/celery/health                    + + + + +
        GET /api/celery/alerts                    + + + + +
        GET /api/celery/trash                     + + + - +
        GET /api/celery/audit                     - - + - -
        GET /api/celery/catalog                   + + + + +
        GET /api/celery/differences               - + + - -
        GET /api/celery/workers/{name}            + + + + +
        GET /api/celery/queues/{name}             + + + + +
        GET /api/celery/queues/{name}/messages    m + + - +
        GET /api/celery/commands/{id}             m + + - +
        GET /api/celery/commands/{id}/items       - + + - +
        GET /api/celery/plans/{plan}              - + + - -
        GET /api/celery/trash/{id}                + + + - +
        GET /api/celery/groups/{id}               m + + - +
        GET /api/celery/events                    m + + - +
        GET /api/celery/tasks                     m + + - +
        GET /api/celery/tasks/active              m + + - +
        GET /api/celery/tasks/scheduled           m + + - +
        GET /api/celery/tasks/{id}                m + + - +
        POST /api/tickets                         + + + + +
        POST /api/celery/reconcile                - + + - +
        POST /api/celery/plans                    - + + - -
        POST /api/celery/commands                 - + + - +
        POST /api/celery/commands/{id}            - + + - +
        POST /api/celery/workers/{name}/restart   - - + - -
        POST /api/celery/workers/{name}/shutdown  - - + - -
        POST /api/celery/queues/{name}/purge      - - + - -
        POST /api/celery/tasks/{id}/revoke        - + + - -
        """)
}

extension Verdict {
    /// As it stands in a table.
    var cell: Character {
        switch self {
        case .everything: "+"
        case .masked: "m"
        case .refused: "-"
        }
    }
}
