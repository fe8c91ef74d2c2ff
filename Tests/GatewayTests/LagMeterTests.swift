import Testing

@testable import Gateway

@Suite struct LagMeterTests {
    @Test func `nothing measured is no figure`() {
        var meter = LagMeter()

        #expect(meter.longest(at: 1_764_000_000) == nil)
    }

    @Test func `the longest delay stands for ten seconds`() {
        var meter = LagMeter()
        meter.note(0.3, at: 100.9)
        meter.note(0.002, at: 101.2)
        meter.note(0.001, at: 101.3)

        #expect(meter.longest(at: 101.5) == 0.3)
        #expect(meter.longest(at: 109.9) == 0.3)
        #expect(meter.longest(at: 110) == 0.002)
        #expect(meter.longest(at: 111) == nil)
    }

    @Test func `only a way that works can lag, and it recovers`() {
        let tolerance = HealthDesk.State.tolerance

        #expect(HealthDesk.State.ok.noticing(delay: tolerance) == .ok)
        #expect(HealthDesk.State.ok.noticing(delay: tolerance + 0.001) == .lagging)
        #expect(HealthDesk.State.lagging.noticing(delay: tolerance + 0.001) == .lagging)
        #expect(HealthDesk.State.lagging.noticing(delay: tolerance) == .ok)
        #expect(HealthDesk.State.lagging.noticing(delay: nil) == .ok)
        #expect(HealthDesk.State.down.noticing(delay: 9) == .down)
        #expect(HealthDesk.State.reconciling.noticing(delay: 9) == .reconciling)
    }

    @Test func `a clock that is set starts over, and no delay is negative`() {
        var meter = LagMeter()
        meter.note(0.3, at: 5_000)
        meter.note(-3_600, at: 1_400)

        #expect(meter.longest(at: 1_400) == 0)
        #expect(meter.longest(at: 9_000_000) == nil)
    }
}
