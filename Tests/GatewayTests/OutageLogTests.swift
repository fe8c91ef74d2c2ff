import Testing

@testable import Gateway

struct OutageLogTests {
    @Test func `an outage lasts from the first failure to the next success`() {
        var log = OutageLog()

        let opened = log.broke(.commands, reason: "reset", at: 10)
        #expect(opened?.opened.from == 10 && opened?.dropped == nil)
        #expect(log.broke(.commands, reason: "refused", at: 11) == nil)
        #expect(log.restored(.replies, at: 12) == nil)
        let ended = log.restored(.commands, at: 13)

        #expect(
            ended
                == OutageLog.Outage(id: 1, link: .commands, from: 10, to: 13, reason: "reset"))
        #expect(log.restored(.commands, at: 14) == nil)
    }

    @Test func `links break apart, and an end is never before its beginning`() {
        var log = OutageLog()
        for link in GatewayLink.allCases { _ = log.broke(link, reason: "x", at: 5) }

        #expect(log.outages.map(\.link) == GatewayLink.allCases)
        #expect(log.restored(.events, at: 4)?.to == 5)
        #expect(log.outages.count { $0.to == nil } == GatewayLink.allCases.count - 1)
    }

    @Test func `the oldest that is over makes room, one that lasts never does`() {
        var log = OutageLog()
        _ = log.broke(.events, reason: "x", at: 0)
        for number in 1..<OutageLog.limit {
            #expect(log.broke(.results, reason: "x", at: Double(number))?.dropped == nil)
            _ = log.restored(.results, at: Double(number))
        }
        #expect(log.outages.count == OutageLog.limit)

        let next = log.broke(.results, reason: "x", at: 200)

        #expect(next?.dropped == 2)
        #expect(log.outages.count == OutageLog.limit)
        #expect(log.outages.first?.link == .events)
    }

    @Test func `a reason is cut at its bound`() {
        var log = OutageLog()
        let bound = OutageLog.reasonBytes
        for (length, kept) in [(bound, bound), (bound + 1, bound)] {
            let text = String(repeating: "x", count: length)
            #expect(log.broke(.events, reason: text, at: 0)?.opened.reason.count == kept)
            _ = log.restored(.events, at: 1)
        }
    }
}
