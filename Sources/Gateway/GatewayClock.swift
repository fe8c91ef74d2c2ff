/// The clock, read in one place. Celery's times are unix seconds; ours too.
package struct GatewayClock: Sendable {
    /// Unix seconds now.
    package let now: @Sendable () -> Double

    /// The machine's time minus ours, seconds: ours goes on when somebody sets the machine's.
    package let error: @Sendable () -> Double

    /// Makes a clock; by itself it agrees with the machine's.
    package init(
        now: @escaping @Sendable () -> Double, error: @escaping @Sendable () -> Double = { 0 }
    ) {
        self.now = now
        self.error = error
    }
}
