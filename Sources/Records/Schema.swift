internal import GRDB

/// The tables, as migrations: a published one is never edited, the next change is a new one.
///
/// Tables are `STRICT`, so that a wrong type is an error at once. Times are unix seconds. Hashes are
/// SHA-256 of secrets with 256 random bits, of passwords scrypt; no secret itself is ever
/// in a column, but those of second factors, which codes are computed with.
enum Schema {
    /// All migrations in order.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 access") { try $0.execute(sql: access) }
        migrator.registerMigration("1 commands") { try $0.execute(sql: commands) }
        migrator.registerMigration("1 audit") { try $0.execute(sql: audit) }
        migrator.registerMigration("1 desired state") { try $0.execute(sql: desiredState) }
        migrator.registerMigration("2 revocations by stamp") { try $0.execute(sql: stamps) }
        migrator.registerMigration("3 trash") { try $0.execute(sql: trash) }
        migrator.registerMigration("4 pause details") { try $0.execute(sql: pauseDetails) }
        migrator.registerMigration("5 remains of commands") { try $0.execute(sql: remains) }
        migrator.registerMigration("6 scopes") { try $0.execute(sql: scopes) }
        migrator.registerMigration("7 users") { try $0.execute(sql: users) }
        migrator.registerMigration("8 second factor") { try $0.execute(sql: secondFactor) }
        migrator.registerMigration("9 identities") { try $0.execute(sql: identities) }
        migrator.registerMigration("10 grants") { try $0.execute(sql: grants) }
        migrator.registerMigration("11 client certificates") {
            try $0.execute(sql: certificates)
        }
        return migrator
    }

    /// SHA-256 of the public key of a certificate (SubjectPublicKeyInfo).
    private static let certificates = """
        ALTER TABLE tokens ADD COLUMN certificate BLOB;
        CREATE UNIQUE INDEX tokensByCertificate ON tokens(certificate) WHERE revoked IS NULL;
        """

    /// Patterns as a JSON array of texts; null if there is no limit.
    private static let grants = """
        ALTER TABLE tokens ADD COLUMN queues TEXT;
        ALTER TABLE tokens ADD COLUMN tasks TEXT;
        """

    /// Who a provider says an owner of a session is. Such an owner's row of `tokens` has no hash.
    private static let identities = """
        CREATE TABLE identities (
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL,
            token TEXT NOT NULL UNIQUE REFERENCES tokens(id) ON DELETE CASCADE,
            PRIMARY KEY (issuer, subject)
        ) STRICT;
        """

    /// Names with commas between; null if there is no limit.
    private static let scopes = """
        ALTER TABLE tokens ADD COLUMN topics TEXT;
        ALTER TABLE tokens ADD COLUMN commands TEXT;
        """

    /// The newest step whose code was used: no code counts twice.
    private static let secondFactor = """
        ALTER TABLE users ADD COLUMN totpSecret BLOB;
        ALTER TABLE users ADD COLUMN totpStep INTEGER;
        """

    /// What a user has beside a row of `tokens`: a password, whose text says how it was hashed.
    private static let users = """
        CREATE TABLE users (
            id TEXT NOT NULL PRIMARY KEY REFERENCES tokens(id) ON DELETE CASCADE,
            password TEXT NOT NULL,
            passwordSet REAL NOT NULL
        ) STRICT;
        """

    /// A token without a hash is no bearer token: its owner comes in by one-time codes, or as a user by a
    /// password.
    private static let access = """
        CREATE TABLE tokens (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            hash BLOB UNIQUE,
            created REAL NOT NULL,
            expires REAL,
            revoked REAL,
            lastUsed REAL
        ) STRICT;
        CREATE UNIQUE INDEX tokensByName ON tokens(name) WHERE revoked IS NULL;

        CREATE TABLE oneTimeCodes (
            hash BLOB NOT NULL PRIMARY KEY,
            token TEXT NOT NULL REFERENCES tokens(id) ON DELETE CASCADE,
            created REAL NOT NULL,
            expires REAL NOT NULL,
            used REAL
        ) STRICT;
        CREATE INDEX oneTimeCodesByToken ON oneTimeCodes(token, created);

        CREATE TABLE sessions (
            hash BLOB NOT NULL PRIMARY KEY,
            token TEXT NOT NULL REFERENCES tokens(id) ON DELETE CASCADE,
            created REAL NOT NULL,
            expires REAL NOT NULL,
            lastUsed REAL NOT NULL
        ) STRICT;
        CREATE INDEX sessionsByToken ON sessions(token, created);
        CREATE INDEX sessionsByExpiry ON sessions(expires);

        CREATE TABLE settings (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL,
            changed REAL NOT NULL
        ) STRICT;
        """

    /// Numbers only grow (`AUTOINCREMENT`): the span between the smallest and the largest bounds
    /// the count of rows without counting them.
    private static let commands = """
        CREATE TABLE commands (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            command TEXT NOT NULL,
            arguments TEXT NOT NULL,
            target TEXT NOT NULL,
            principal TEXT NOT NULL,
            principalName TEXT NOT NULL,
            stage TEXT NOT NULL,
            at REAL NOT NULL,
            sentAt REAL,
            endedAt REAL,
            deadlineAt REAL NOT NULL,
            evidence TEXT NOT NULL,
            reason TEXT,
            fix TEXT,
            taskID TEXT,
            silent TEXT NOT NULL
        ) STRICT;
        CREATE INDEX commandsOpen ON commands(number) WHERE stage IN ('accepted', 'sent');
        CREATE INDEX commandsByEnd ON commands(endedAt);

        CREATE TABLE idempotency (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            principal TEXT NOT NULL,
            key TEXT NOT NULL,
            request BLOB NOT NULL,
            command TEXT NOT NULL REFERENCES commands(id) ON DELETE CASCADE,
            answer TEXT,
            created REAL NOT NULL,
            UNIQUE (principal, key)
        ) STRICT;
        CREATE INDEX idempotencyByCommand ON idempotency(command);
        CREATE INDEX idempotencyByAge ON idempotency(created);
        """

    /// Append-only by triggers: a line is never changed, and only lines up to the anchor may go. The
    /// anchor carries the hash of the last line that was pruned, so that the chain of the rest still
    /// has a beginning.
    private static let audit = """
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            at REAL NOT NULL,
            principal TEXT NOT NULL,
            remote TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            outcome TEXT NOT NULL,
            detail TEXT NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;

        CREATE TABLE auditAnchor (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        INSERT INTO auditAnchor VALUES (1, 0, zeroblob(32));

        CREATE TRIGGER auditNeverChanges BEFORE UPDATE ON audit BEGIN
            SELECT RAISE(ABORT, 'the audit is append-only');
        END;
        CREATE TRIGGER auditKeepsItsLines BEFORE DELETE ON audit
        WHEN old.sequence > (SELECT sequence FROM auditAnchor) BEGIN
            SELECT RAISE(ABORT, 'the audit is append-only');
        END;
        """

    /// `stamps` is a JSON object of name -> array of values.
    private static let stamps = """
        CREATE TABLE openStampRevokes (
            command TEXT NOT NULL PRIMARY KEY,
            stamps TEXT NOT NULL,
            terminate INTEGER NOT NULL,
            signal TEXT,
            at REAL NOT NULL,
            expires REAL NOT NULL
        ) STRICT;
        CREATE INDEX openStampRevokesByExpiry ON openStampRevokes(expires);
        """

    /// A purge's trash has the purge's id. `counts` and `remaining` are JSON arrays of messages by priority
    /// step, NULL until the broker has told.
    private static let trash = """
        CREATE TABLE trash (
            command TEXT NOT NULL PRIMARY KEY,
            queue TEXT NOT NULL,
            purgedBy TEXT NOT NULL,
            at REAL NOT NULL,
            expires REAL NOT NULL,
            counts TEXT,
            remaining TEXT
        ) STRICT;
        CREATE INDEX trashByExpiry ON trash(expires);
        """

    private static let desiredState = """
        CREATE TABLE openRevokes (
            taskID TEXT NOT NULL PRIMARY KEY,
            command TEXT NOT NULL,
            terminate INTEGER NOT NULL,
            signal TEXT,
            at REAL NOT NULL,
            expires REAL NOT NULL
        ) STRICT;
        CREATE INDEX openRevokesByExpiry ON openRevokes(expires);

        CREATE TABLE pausedQueues (
            queue TEXT NOT NULL PRIMARY KEY,
            pausedBy TEXT NOT NULL,
            at REAL NOT NULL,
            resumeAt REAL,
            reason TEXT
        ) STRICT;
        """

    /// `resumedAt` is set while those who consumed a queue are being told to do so again.
    private static let pauseDetails = """
        ALTER TABLE pausedQueues ADD COLUMN resumedAt REAL;

        CREATE TABLE pausedConsumers (
            queue TEXT NOT NULL REFERENCES pausedQueues(queue) ON DELETE CASCADE,
            worker TEXT NOT NULL,
            exchange TEXT,
            exchangeType TEXT,
            routingKey TEXT,
            PRIMARY KEY (queue, worker)
        ) STRICT;
        """

    /// What a later run of the gateway needs to follow a command on.
    private static let remains = """
        ALTER TABLE commands ADD COLUMN remains TEXT;
        """
}
