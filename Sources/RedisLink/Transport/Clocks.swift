internal import Glibc

/// Seconds of the machine's two clocks.
enum Clocks {
    /// Seconds that never jump, for deadlines.
    static var monotonic: Double { seconds(CLOCK_MONOTONIC) }

    /// Unix seconds, for time stamps that people read.
    static var wall: Double { seconds(CLOCK_REALTIME) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension Duration {
    /// The same in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
