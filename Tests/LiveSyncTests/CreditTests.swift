import Testing

@testable import LiveSync

@Suite struct CreditTests {
    @Test func `two deltas may be outstanding, not three`() {
        var credit = Credit(SyncLimits())
        credit.sent(revision: 1, part: 0, bytes: 10, isPart: false, now: 0)
        #expect(credit.allows(part: false))
        credit.sent(revision: 2, part: 0, bytes: 10, isPart: false, now: 0)
        #expect(!credit.allows(part: false))

        credit.acknowledged(revision: 1, part: nil, now: 1)

        #expect(credit.allows(part: false))
    }

    @Test func `parts may be outstanding up to the bytes`() {
        var limits = SyncLimits()
        limits.unackedBytes = 100
        var credit = Credit(limits)
        credit.sent(revision: 1, part: 0, bytes: 99, isPart: true, now: 0)
        #expect(credit.allows(part: true))
        credit.sent(revision: 1, part: 1, bytes: 1, isPart: true, now: 0)
        #expect(!credit.allows(part: true))
    }

    @Test func `an acknowledgement frees what it names`() {
        var credit = Credit(SyncLimits())
        for part in 0..<3 {
            credit.sent(revision: 5, part: part, bytes: 10, isPart: true, now: 0)
        }

        credit.acknowledged(revision: 5, part: nil, isSeriesOpen: true, now: 0)
        #expect(credit.bytes == 20)
        credit.acknowledged(revision: 5, part: 1, now: 0)
        #expect(credit.bytes == 10)
        credit.acknowledged(revision: 4, part: 2, now: 0)
        #expect(credit.bytes == 10)
        credit.acknowledged(revision: 6, part: nil, now: 0)
        #expect(credit.bytes == 0)
        #expect(!credit.isWaiting)
    }

    @Test func `a client that says it is at a revision has everything sent for it`() {
        var credit = Credit(SyncLimits())
        for part in 0..<3 {
            credit.sent(revision: 5, part: part, bytes: 10, isPart: true, now: 0)
        }
        // The delta right after a snapshot, when nothing changed meanwhile.
        credit.sent(revision: 5, part: 0, bytes: 10, isPart: false, now: 0)

        credit.acknowledged(revision: 5, part: nil, now: 0)

        #expect(!credit.isWaiting)
    }

    @Test func `a client is slow ten seconds after its last acknowledgement`() {
        var credit = Credit(SyncLimits())
        #expect(!credit.isOverdue(now: 1_000_000))
        credit.sent(revision: 1, part: 0, bytes: 10, isPart: false, now: 500)
        credit.sent(revision: 2, part: 0, bytes: 10, isPart: false, now: 900)

        #expect(!credit.isOverdue(now: 10_500))
        #expect(credit.isOverdue(now: 10_501))
        credit.acknowledged(revision: 1, part: nil, now: 10_000)
        #expect(!credit.isOverdue(now: 20_000))
        #expect(credit.isOverdue(now: 20_001))
    }

    @Test func `the number of outstanding entries is bounded`() {
        var credit = Credit(SyncLimits())
        for part in 0..<Credit.entryLimit {
            #expect(credit.allows(part: true))
            credit.sent(revision: 1, part: part, bytes: 1, isPart: true, now: 0)
        }

        #expect(!credit.allows(part: true))
    }
}
