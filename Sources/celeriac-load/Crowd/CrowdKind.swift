internal import WireFormats

/// What kinds of clients a gateway has, and what each of them asks for.
enum CrowdKind: String, CaseIterable {
    /// A page of the dashboard: four whole topics and a window of the newest tasks, four times a second.
    case browser
    /// A page without a list of tasks: four whole topics, four times a second.
    case overview
    /// A list of tasks without anything else: the newest ones, four times a second.
    case table
    /// A wall display: four whole topics, once a second.
    case wall
    /// A program that reads every event.
    case bot
    /// A browser without a window that reads a thousand bytes a second, until the events stop.
    case slow

    /// Whole topics, by subscription number.
    var topics: [(number: Int, name: String)] {
        switch self {
        case .browser, .overview: [(1, "stats"), (2, "workers"), (3, "queues"), (4, "alerts")]
        case .slow: [(1, "stats"), (2, "workers"), (3, "queues")]
        case .wall: [(1, "stats"), (2, "queues"), (3, "alerts"), (4, "workers")]
        case .table, .bot: []
        }
    }

    /// The requests that open everything.
    var requests: [String] {
        let frequency = self == .wall ? 1 : 4
        var requests = topics.map { number, name in
            #""method":"sub.open","params":{"sub":\#(number),"topic":"\#(name)","maxHz":\#(frequency)}"#
        }
        switch self {
        case .browser, .table:
            requests.append(
                #""method":"view.open","params":{"sub":\#(Self.window),"topic":"tasks","#
                    + #""order":["seen","desc"],"limit":50,"mode":"follow","maxHz":\#(frequency)}"#)
        case .bot:
            requests.append(
                #""method":"events.open","params":{"sub":\#(Self.events),"after":"now","types":["task-received"],"#
                    + #""format":"celery"}"#)
        case .overview, .wall, .slow: break
        }
        return requests
    }

    /// Whether it has a window of the newest tasks.
    var hasWindow: Bool { self == .browser || self == .table }

    /// Subscription numbers of the window and of the events.
    static let window = 5
    static let events = 6
}
