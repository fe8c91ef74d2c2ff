internal import Ports

/// The commands of one connection that wait for replies, in the order they were sent.
///
/// Pure: it matches replies with requests and tells whose turn it is; time comes in.
struct CommandQueue {
    /// A request of one or more commands that succeed or fail together.
    struct Request {
        /// Replies still to come.
        var missing: Int
        /// Replies that came.
        var replies: [RESPValue] = []
        /// Monotonic seconds after which the server counts as dead.
        let deadline: Double
        /// The command's name, for messages.
        let name: String
        /// Called once.
        let complete: (Result<[RESPValue], BrokerError>) -> Void
    }

    private var requests: [Request] = []
    private var head = 0
    /// Replies that are still to come for all requests.
    private(set) var missing = 0

    /// Whether nothing waits.
    var isEmpty: Bool { head == requests.count }

    /// The request that must be answered next.
    var first: Request? { isEmpty ? nil : requests[head] }

    /// Adds a request.
    mutating func append(_ request: Request) {
        requests.append(request)
        missing += request.missing
    }

    /// Gives the next request its reply.
    ///
    /// - Returns: the request, once it has all; `nil` before.
    /// - Throws: if nothing waits for a reply.
    mutating func received(_ reply: RESPValue) throws(LinkFailure) -> Request? {
        guard !isEmpty else { throw LinkFailure("the server sent a reply nobody asked for") }
        requests[head].replies.append(reply)
        requests[head].missing -= 1
        missing -= 1
        guard requests[head].missing == 0 else { return nil }
        let request = requests[head]
        head += 1
        if head == requests.count {
            requests.removeAll(keepingCapacity: requests.capacity < 1024)
            head = 0
        } else if head >= 1024 {
            requests.removeFirst(head)
            head = 0
        }
        return request
    }

    /// Takes out everything that waits.
    mutating func removeAll() -> [Request] {
        let rest = Array(requests[head...])
        requests = []
        head = 0
        missing = 0
        return rest
    }
}
