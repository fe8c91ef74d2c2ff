import Testing

@testable import Gateway

@Suite struct TokenBucketTests {
    @Test func `a burst passes and then the rate holds`() {
        var bucket = TokenBucket(rate: 5, burst: 3, now: 100)

        #expect((0..<3).map { _ in bucket.take(now: 100) } == [0, 0, 0])
        #expect(abs(bucket.take(now: 100) - 0.2) < 1e-9)
        #expect(bucket.take(now: 100.2001) == 0)
        #expect(bucket.take(now: 100.2001) > 0)
    }

    @Test func `a clock that goes back gives no tokens and breaks nothing`() {
        var bucket = TokenBucket(rate: 1, burst: 1, now: 100)

        #expect(bucket.take(now: 100) == 0)
        #expect(bucket.take(now: 50) > 0)
        #expect(bucket.take(now: 101) == 0)
    }

    @Test func `an idle bucket can be forgotten`() {
        var bucket = TokenBucket(rate: 1, burst: 2, now: 0)
        _ = bucket.take(now: 0)

        #expect(!bucket.isIdle(now: 0.5))
        #expect(bucket.isIdle(now: 1))
    }
}
