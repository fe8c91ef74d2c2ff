/// What a share of the durations of the last five minutes took at most, seconds: bounds of ``LatencyBuckets``.
package struct LatencyQuantiles: Sendable, Equatable {
    /// Half of them.
    package var p50: Double
    /// 95 % of them.
    package var p95: Double
    /// 99 % of them.
    package var p99: Double
}
