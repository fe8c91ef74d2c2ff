internal import Glibc

/// A TCP or TLS stream to any server, for a thread of its own that may wait: what a link to Redis is
/// made of, for clients that speak something else.
package final class ServerStream: @unchecked Sendable {
    // SAFETY: `channel` is used by the one thread that reads and writes; only the waker, which is
    // Sendable, is touched from elsewhere, in `stop()`.

    /// Why a stream broke, as a sentence without secrets.
    package struct Failure: Error, CustomStringConvertible {
        /// The sentence.
        package let description: String
    }

    private let channel: BlockingChannel
    private let waker: Waker
    private let buffer = ReadBuffer(bytes: 64 << 10)

    /// Connects.
    ///
    /// - Parameters:
    ///   - tls: `nil` for plain TCP.
    ///   - timeout: seconds until the stream must be there.
    package init(
        host: String, port: Int, tls: TLSOptions?, timeout: Double
    ) throws(Failure) {
        guard let waker = Waker() else { throw Failure(description: "no descriptor is left") }
        self.waker = waker
        do throws(LinkFailure) {
            channel = try BlockingChannel(
                to: .tcp(host: host, port: port), tls: tls, timeout: timeout, waker: waker)
        } catch {
            throw Failure(description: error.reason)
        }
    }

    /// Sends all bytes.
    ///
    /// - Parameter timeout: seconds until they must be sent.
    package func write(_ bytes: [UInt8], timeout: Double) throws(Failure) {
        do throws(LinkFailure) {
            try channel.lasting(timeout).write(bytes)
        } catch {
            throw Failure(description: error.reason)
        }
    }

    /// Reads what is there, at least one byte and at most 64 KiB.
    ///
    /// - Parameter timeout: seconds until something must have come.
    package func read(timeout: Double) throws(Failure) -> [UInt8] {
        do throws(LinkFailure) {
            let count = try unsafe channel.lasting(timeout).read(into: buffer.memory)
            return unsafe Array(buffer.filled(count))
        } catch {
            throw Failure(description: error.reason)
        }
    }

    /// Ends the waiting of the other thread, from any thread.
    package func stop() {
        waker.wake()
    }
}
