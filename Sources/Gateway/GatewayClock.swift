/// The wall clock, read in one place. Celery's times are unix seconds; ours too.
package struct GatewayClock: Sendable {
    /// Unix seconds now.
    package let now: @Sendable () -> Double

    /// Makes a clock.
    package init(now: @escaping @Sendable () -> Double) {
        self.now = now
    }
}
