import Ports
import Testing

@testable import Gateway

@Suite struct RefusalLedgerTests {
    private let limits = RefusalLedger.Limits(window: 60, lines: 3, sources: 2)

    private func entry(at now: Double = 100, from remote: String = "192.0.2.1") -> AuditEntry {
        AuditEntry(
            at: now, principal: "", remote: remote, action: "session.open", outcome: "refused")
    }

    @Test(
        arguments: [(3, 3, nil), (4, 3, "1 more"), (1_000, 3, "997 more")] as [(Int, Int, String?)])
    func `so many lines are written of a source, the others are counted`(
        count: Int, written: Int, summary: String?
    ) {
        var ledger = RefusalLedger(limits)
        let lines = (0..<count).flatMap { _ in ledger.note(entry(), of: "a") }
        #expect(lines.count == written)

        #expect(ledger.due(now: 159.9).isEmpty)
        let end = ledger.due(now: 160)
        #expect(end.count == (summary == nil ? 0 : 1))
        if let summary {
            #expect(end[0].detail.hasPrefix("\(summary) refused within 60 s"))
            #expect(end[0].remote == "192.0.2.1" && end[0].at == 160)
        }
        #expect(ledger.due(now: 160).isEmpty)
        #expect(ledger.note(entry(at: 161), of: "a").count == 1)
    }

    @Test func `sources beyond the bound are counted as one`() {
        var ledger = RefusalLedger(limits)
        let lines = (0..<100).flatMap { ledger.note(entry(from: "h\($0)"), of: "h\($0)") }

        #expect(lines.map(\.remote) == ["h0", "h1", "several", "several", "several"])
        let end = ledger.end(now: 130)
        #expect(end.count == 1)
        #expect(end.first?.detail.hasPrefix("95 more refused within 30 s") == true)
    }

    @Test func `strangers cannot roll the audit over`() {
        var ledger = RefusalLedger(RefusalLedger.strangers)
        var lines = 0
        // An hour of 50 refused sign-ins a second from ever new addresses.
        for second in 0..<3_600 {
            for number in 0..<50 {
                let source = "h\(second * 50 + number)"
                lines += ledger.note(entry(at: Double(second), from: source), of: source).count
            }
        }

        #expect(lines + ledger.end(now: 3_600).count < 1_000_000 / 24 / 60)
    }

    @Test func `a clock that jumps back ends the window`() {
        var ledger = RefusalLedger(limits)
        for _ in 0..<5 { _ = ledger.note(entry(at: 1_000), of: "a") }

        #expect(ledger.due(now: 10).map(\.at) == [10])
    }
}
