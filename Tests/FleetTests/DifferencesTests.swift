import Fleet
import Testing

@Suite struct DifferencesTests {
    @Test func `settings and tasks that are not the same everywhere are listed`() {
        var state = FleetState(startedAt: 0)
        for (worker, value) in [("a@h", "1"), ("b@h", "4")] {
            var settings = WorkerSettings()
            settings.all = ["worker_prefetch_multiplier": value, "timezone": "\"UTC\""]
            state.apply(.conf(settings), from: worker, receivedAt: 1)
        }
        let common = RegisteredTask(name: "t.add")
        state.apply(.registered([common]), from: "a@h", receivedAt: 1)
        state.apply(
            .registered([common, RegisteredTask(name: "t.new")]), from: "b@h", receivedAt: 1)

        #expect(
            state.differences() == [
                FleetDifference(
                    name: "task t.new", values: ["registered": ["b@h"], "absent": ["a@h"]]),
                FleetDifference(
                    name: "worker_prefetch_multiplier", values: ["1": ["a@h"], "4": ["b@h"]]),
            ])
        #expect(state.differences(limit: 1).count == 1)
    }
}
