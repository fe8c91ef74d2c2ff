import Ports
import Testing

@Suite struct TokenBucketTests {
    @Test func `a burst passes and then the rate holds`() {
        var bucket = TokenBucket(rate: 5, burst: 3, now: 100)

        let waits = [100, 100, 100, 100, 100.2001, 100.2001].map { bucket.take(now: $0) }

        #expect(waits[0...2] == [0, 0, 0])
        #expect(abs(waits[3] - 0.2) < 1e-9)
        #expect(waits[4] == 0)
        #expect(waits[5] > 0)
    }

    @Test func `a clock that goes back gives no tokens and breaks nothing`() {
        var bucket = TokenBucket(rate: 1, burst: 1, now: 100)

        let waits = [100, 50, 101].map { bucket.take(now: $0) }

        #expect(waits[0] == 0)
        #expect(waits[1] > 0)
        #expect(waits[2] == 0)
    }

    @Test func `it says what is left and when it will be full`() {
        var bucket = TokenBucket(rate: 2, burst: 4, now: 10)

        #expect(bucket.remaining(now: 10) == 4 && bucket.refill(now: 10) == 0)
        for _ in 0..<4 { _ = bucket.take(now: 10) }
        #expect(bucket.remaining(now: 10) == 0 && bucket.refill(now: 10) == 2)
        #expect(bucket.remaining(now: 10.75) == 1 && bucket.refill(now: 10.75) == 1.25)
        #expect(bucket.remaining(now: 100) == 4 && bucket.refill(now: 100) == 0)
    }

    @Test func `an idle bucket can be forgotten`() {
        var bucket = TokenBucket(rate: 1, burst: 2, now: 0)
        _ = bucket.take(now: 0)

        #expect(!bucket.isIdle(now: 0.5))
        #expect(bucket.isIdle(now: 1))
    }
}
