import Fleet
import Testing

/// The fleet's rate counts an end once: told by the worker, by the backend, by both, or corrected later.
@Suite struct EndRateTests {
    private func throughput(_ tell: (inout FleetState) -> Void) -> Double {
        var state = FleetState(startedAt: 0)
        state.feed([Make.task(.received, at: 1), Make.task(.started, at: 2)])
        tell(&state)
        #expect(recountDifferences(state).isEmpty)
        return state.summary(now: 10).throughput
    }

    private func result(_ status: String) -> [TaskResult] { [TaskResult(id: "u1", status: status)] }

    @Test func `a task that runs has not ended`() {
        #expect(throughput { _ in } == 0)
    }

    @Test func `the worker first, then the backend`() {
        let rate = throughput { state in
            state.feed([Make.task(.succeeded, at: 3)])
            state.apply(results: result("SUCCESS"), now: 3.1)
            state.apply(results: result("SUCCESS"), now: 4)
        }
        #expect(rate == 1)
    }

    @Test func `the backend first, then the worker`() {
        let rate = throughput { state in
            state.apply(results: result("SUCCESS"), now: 3)
            state.feed([Make.task(.succeeded, at: 3.1), Make.task(.succeeded, at: 3.1)])
        }
        #expect(rate == 1)
    }

    @Test func `only the backend`() {
        #expect(throughput { $0.apply(results: result("FAILURE"), now: 3) } == 1)
    }

    @Test func `a hard time limit that fails twice`() {
        let rate = throughput { state in
            state.feed([Make.task(.failed, at: 3), Make.task(.failed, at: 3.1)])
            state.apply(results: result("FAILURE"), now: 3.2)
        }
        #expect(rate == 1)
    }

    @Test func `a revocation that came too late`() {
        let rate = throughput { state in
            state.feed([Make.task(.revoked, at: 3), Make.task(.succeeded, at: 4)])
            state.apply(results: result("SUCCESS"), now: 4.1)
        }
        #expect(rate == 1)
    }

    @Test func `a retry is no end, the failure that only the backend tells is`() {
        #expect(throughput { $0.feed([Make.task(.retried, at: 3)]) } == 0)
        let rate = throughput { state in
            state.feed([Make.task(.retried, at: 3)])
            state.apply(results: result("FAILURE"), now: 4)
            state.apply(results: result("FAILURE"), now: 5)
        }
        #expect(rate == 1)
    }

    @Test func `a task called lost counts when it is told to have ended`() {
        var state = FleetState(startedAt: 0)
        state.feed([
            Make.worker(.online, at: 0), Make.task(.received, at: 1), Make.task(.started, at: 2),
        ])
        state.apply(.active([]), from: "w1@host", receivedAt: 5)
        state.reconcile(
            Reconciliation(startedAt: 4, answered: ["w1@host"], withoutResult: ["u1"]), now: 6)
        #expect(state.task("u1")?.state == .lost)
        #expect(state.summary(now: 7).throughput == 0)

        state.feed([Make.task(.succeeded, at: 8)])

        #expect(state.task("u1")?.state == .success)
        #expect(state.summary(now: 9).throughput == 1)
    }

    @Test func `a second run of a task ends a second time`() {
        let rate = throughput { state in
            state.feed([
                Make.task(.succeeded, at: 3), Make.task(.received, at: 4),
                Make.task(.started, at: 5), Make.task(.succeeded, at: 6),
            ])
        }
        #expect(rate == 2)
    }
}
