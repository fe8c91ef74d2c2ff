import Fleet
import Testing
import WireFormats

@testable import Gateway

@Suite struct CommandAnswerTests {
    static let answers: [(ControlMethod, JsonValue, CommandAnswer)] = [
        (.ping, ["ok": "pong"], .agreed("pong", isWorthKeeping: false)),
        (.ping, ["error": "KeyError('ping')"], .refused("KeyError('ping')")),
        (.rateLimit(task: "t", limit: nil), ["error": "unknown task"], .refused("unknown task")),
        (.memsample, nil, .refused("psutil is not installed there")),
        (.memsample, "43.2MB", .agreed("43.2MB resident", isWorthKeeping: true)),
        (
            .report, ["ok": "\nsoftware -> celery:5.7.0 (immunity)\n            py:3.11\n"],
            .agreed("software -> celery:5.7.0 (immunity)", isWorthKeeping: true)
        ),
        (.queryTask(ids: ["a"]), [:], .agreed("knows none of them", isWorthKeeping: true)),
        (
            .queryTask(ids: ["a"]), ["a": ["active", ["id": "a"]]],
            .agreed("a is active", isWorthKeeping: true)
        ),
        // A task may be called "error".
        (
            .queryTask(ids: ["a", "error"]),
            ["a": ["ready", ["id": "a"]], "error": ["active", ["id": "error"]]],
            .agreed("a is ready, error is active", isWorthKeeping: true)
        ),
    ]

    @Test(arguments: answers)
    func `an answer is read by what was asked`(
        method: ControlMethod, value: JsonValue, expected: CommandAnswer
    ) {
        #expect(CommandAnswer(value, to: method, sendsEvents: nil) == expected)
    }

    static let disabled: [(String, Bool?, CommandAnswer)] = [
        ("task events disabled", nil, .agreed("task events disabled", isWorthKeeping: false)),
        ("task events disabled", true, .agreed("task events disabled", isWorthKeeping: false)),
        (
            "task events already disabled", false,
            .agreed("task events already disabled", isWorthKeeping: false)
        ),
        (
            "task events already disabled", true,
            .refused(
                "task events already disabled; if it was started with -E, Celery cannot switch them off"
            )
        ),
        (
            "task events already disabled", nil,
            .undecided(
                "task events already disabled, which it says as well if it was started with -E and goes on sending; it has run too little to tell"
            )
        ),
    ]

    /// A worker with -E answers so, too, and nothing is switched off (wire.md 2.7).
    @Test(arguments: disabled)
    func `that events were off before counts only where none come`(
        text: String, sendsEvents: Bool?, expected: CommandAnswer
    ) {
        let answer = CommandAnswer(
            ["ok": .string(text)], to: .disableEvents, sendsEvents: sendsEvents)

        #expect(answer == expected)
    }

    @Test(arguments: [CommandLimits.answerBytes, CommandLimits.answerBytes + 1])
    func `one answer is bounded`(bytes: Int) {
        var answers = CommandAnswers()
        let text = JsonValue.string(String(repeating: "x", count: bytes - 2))

        let isKept = answers.keep(text, of: "w", to: "c")

        #expect(isKept == (bytes <= CommandLimits.answerBytes))
        #expect((answers["c"] != nil) == (bytes <= CommandLimits.answerBytes))
    }

    @Test func `all answers to a command are bounded together`() {
        var answers = CommandAnswers()
        let text = JsonValue.string(String(repeating: "x", count: CommandLimits.answerBytes - 2))
        let most = CommandLimits.answersBytes / CommandLimits.answerBytes

        let kept = (0..<most).filter { answers.keep(text, of: "w\($0)", to: "c") }.count
        let isKept = answers.keep("", of: "one more", to: "c")

        #expect(kept == most)
        #expect(!isKept)
        #expect(answers["c"]?.object?.count == most)
    }

    @Test func `the oldest command's answers go first`() {
        var answers = CommandAnswers()

        for number in 0...CommandLimits.answeredCommands {
            answers.keep("pong", of: "w", to: "c\(number)")
        }

        #expect(answers["c0"] == nil)
        #expect(answers["c1"] != nil)
        #expect(answers["c\(CommandLimits.answeredCommands)"] != nil)
    }
}

@Suite struct CommandEffectsTests {
    private func stats(
        _ pool: String, processes: [Int] = [], concurrency: Int? = nil
    ) -> WorkerStats {
        var stats = WorkerStats()
        stats.pool = pool
        stats.processes = processes
        stats.concurrency = concurrency
        return stats
    }

    private func seen(
        _ method: ControlMethod, _ before: WorkerStats?, _ after: WorkerStats
    ) -> String? {
        CommandEffects.seen(in: after, before: before, of: method)
    }

    @Test func `growth is told from processes in prefork and from max-concurrency elsewhere`() {
        let before = stats("prefork", processes: [1, 2], concurrency: 2)
        #expect(
            seen(.poolGrow(1), before, stats("prefork", processes: [1, 2], concurrency: 3)) == nil)
        #expect(seen(.poolGrow(1), before, stats("prefork", processes: [1, 2, 3])) != nil)
        #expect(seen(.poolShrink(1), before, stats("prefork", processes: [1])) != nil)
        #expect(seen(.poolShrink(1), before, stats("prefork", processes: [1, 2])) == nil)
        let green = stats("gevent", concurrency: 2)
        #expect(seen(.poolGrow(2), green, stats("gevent", concurrency: 4)) != nil)
        #expect(seen(.poolGrow(2), green, stats("gevent", concurrency: 3)) == nil)
        #expect(seen(.poolGrow(1), nil, stats("gevent", concurrency: 3)) == nil)
    }

    @Test func `a restart needs a new process in the place of an old one`() {
        let before = stats("prefork", processes: [1, 2])
        #expect(seen(.poolRestart, before, stats("prefork", processes: [1, 2])) == nil)
        #expect(seen(.poolRestart, before, stats("prefork", processes: [1, 2, 3])) == nil)
        let text = seen(.poolRestart, before, stats("prefork", processes: [1, 3]))
        #expect(text == "new pool processes 3; 1 follow when they take their next task")
    }

    static let limits: [(ControlMethod, String, Bool)] = [
        (.rateLimit(task: "t", limit: "9/m"), "t [rate_limit=9/m]", true),
        (.rateLimit(task: "t", limit: "9/m"), "t [rate_limit=9/s]", false),
        (.rateLimit(task: "t", limit: "9/m"), "u [rate_limit=9/m]", false),
        (.rateLimit(task: "t", limit: nil), "t", true),
        (.rateLimit(task: "t", limit: nil), "t [rate_limit=0]", true),
        (.rateLimit(task: "t", limit: nil), "t [rate_limit=1/s]", false),
        (.timeLimit(task: "t", soft: 5, hard: 10), "t [soft_time_limit=5 time_limit=10.0]", true),
        (.timeLimit(task: "t", soft: nil, hard: 10), "t [time_limit=10]", true),
        (.timeLimit(task: "t", soft: nil, hard: 10), "t [soft_time_limit=1 time_limit=10]", false),
        (.timeLimit(task: "t", soft: nil, hard: nil), "t", true),
        (.timeLimit(task: "t", soft: nil, hard: nil), "u", false),
    ]

    @Test(arguments: limits)
    func `limits are told from registered`(method: ControlMethod, line: String, isSeen: Bool) {
        let text = CommandEffects.limitsSeen(in: [.string(line)], of: method)
        #expect((text != nil) == isSeen, "\(text ?? "")")
    }
}
