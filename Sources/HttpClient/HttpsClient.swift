package import EventLoop
internal import Foundation
package import Ports

/// Asks other servers over HTTP/1.1, one connection and one thread for each request. Nothing is kept between two
/// of them, and no redirection is followed.
@LoopActor
package final class HttpsClient: WebClient {
    private let limits: HttpClientLimits
    private var underWay = 0

    /// Makes a client; nothing is opened yet.
    package init(limits: HttpClientLimits = HttpClientLimits()) {
        self.limits = limits
    }

    package func answer(to request: WebRequest) async throws(WebError) -> WebAnswer {
        guard let target = RequestTarget(request.url), let bytes = target.bytes(of: request) else {
            throw WebError("\(request.url) cannot be asked: it is no address")
        }
        guard underWay < limits.atOnce else {
            throw WebError("\(request.url): \(limits.atOnce) servers are being asked already")
        }
        underWay += 1
        defer { underWay -= 1 }
        let limits = limits
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<WebAnswer, WebError>, Never>) in
            Thread.detachNewThread {
                continuation.resume(
                    returning: Result { () throws(WebError) in
                        try Self.exchange(bytes, with: target, limits: limits)
                    })
            }
        }
        do throws(WebError) {
            return try result.get()
        } catch {
            throw WebError("\(request.url): \(error.message)")
        }
    }

    /// Waits; on a thread that may.
    nonisolated private static func exchange(
        _ request: [UInt8], with target: RequestTarget, limits: HttpClientLimits
    ) throws(WebError) -> WebAnswer {
        let stream = try ServerStream(to: target, seconds: limits.exchangeSeconds)
        try stream.write(request)
        var reader = AnswerReader(limits: limits)
        while !reader.isWhole {
            let bytes = try stream.read()
            guard !bytes.isEmpty else { return try reader.end() }
            try reader.take(bytes)
        }
        return try reader.end()
    }
}
