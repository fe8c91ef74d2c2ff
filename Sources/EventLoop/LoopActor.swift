/// The one thread on which libwebsockets, the broker's command connections and all live state run.
///
/// Everything marked `@LoopActor` runs on that thread, one job after the other, so it needs no
/// locks. C callbacks that libuv calls on the loop enter by `LoopActor.assumeIsolated`.
@globalActor
package actor LoopActor {
    /// The actor itself; it holds no state.
    package static let shared = LoopActor()

    /// The loop that runs the actor's jobs.
    package static var loop: EventLoop { EventLoop.shared }

    /// The loop.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe EventLoop.shared.asUnownedSerialExecutor()
    }

    /// Runs `body` at once; the caller is already on the loop's thread (a C callback).
    ///
    /// - Parameter body: what to run.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    package static func assumeIsolated<T, Failure: Error>(
        _ body: @LoopActor () throws(Failure) -> T
    ) throws(Failure) -> T {
        EventLoop.shared.checkIsolated()
        typealias Plain = () throws(Failure) -> T
        // SAFETY: dropping the isolation from the type is sound, because `checkIsolated` has just
        // trapped if this is not the loop's thread, and `body` does not outlive this call.
        return try withoutActuallyEscaping(body) { escaping throws(Failure) in
            try unsafe unsafeBitCast(escaping, to: Plain.self)()
        }
    }
}
