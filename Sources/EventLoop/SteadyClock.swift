internal import Glibc
internal import Synchronization

/// Unix seconds that neither jump nor run backwards, from any thread.
///
/// Somebody may set the machine's clock while we run. A clock that jumped with it would call every
/// worker silent for as long as the jump was, and mix durations of two clocks. This one goes on at the
/// machine's own pace and draws near to the time that was set by at most ``pace``; the time for which
/// the machine slept counts.
package final class SteadyClock: Sendable {
    /// The process's clock: all times within it are from here.
    package static let shared = SteadyClock()

    /// Seconds per second by which a wrong clock is put right: ten minutes take about 100 minutes.
    package static let pace = 0.1

    private let state: Mutex<SteadyTime>

    private init() {
        state = Mutex(SteadyTime(monotonic: Self.seconds(CLOCK_BOOTTIME), wall: Self.wall))
    }

    /// Unix seconds now.
    package var now: Double {
        state.withLock { $0.advance(monotonic: Self.seconds(CLOCK_BOOTTIME), wall: Self.wall) }
    }

    /// The machine's time minus ours, seconds: not 0 for a while after somebody set its clock.
    package var error: Double { Self.wall - now }

    private static var wall: Double { seconds(CLOCK_REALTIME) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// The arithmetic of ``SteadyClock``: pure, both clocks come in.
package struct SteadyTime: Sendable {
    /// Unix seconds when the monotonic clock was 0, as far as we believe it.
    private var origin: Double
    private var last: Double

    /// Begins with what the machine's clock says.
    ///
    /// - Parameters:
    ///   - monotonic: seconds of a clock that is never set.
    ///   - wall: unix seconds of the machine's clock at the same moment.
    package init(monotonic: Double, wall: Double) {
        origin = wall - monotonic
        last = monotonic
    }

    /// Unix seconds at a later moment; parameters as for ``init(monotonic:wall:)``.
    package mutating func advance(monotonic: Double, wall: Double) -> Double {
        let most = max(0, monotonic - last) * SteadyClock.pace
        origin += min(max(wall - monotonic - origin, -most), most)
        last = max(last, monotonic)
        return origin + last
    }
}
