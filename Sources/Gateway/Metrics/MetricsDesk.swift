internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Ports

/// Answers `/metrics`: what the gateway does and what it knows of Celery, for Prometheus (protocol 2.16).
///
/// Figures are read when somebody asks. No label has a value that a stranger can make up without end, and
/// nothing of it is a secret or a text of a user.
@LoopActor
final class MetricsDesk {
    struct Dependencies {
        let rows: Rows
        let feed: Feed
        let events: EventDesk
        let health: HealthDesk
        let cost: CostKeeper
        let ingest: IngestCounters
        let commands: CommandDesk
        let audit: AuditDesk
        let sessions: SessionDesk
        let clock: GatewayClock
        let version: String
        let isReady: @LoopActor () -> Bool
    }

    let to: Dependencies
    /// The most that each counter which can be corrected downwards has said.
    var highest: [String: Int] = [:]
    private let startedAt: Double

    init(_ dependencies: Dependencies) {
        to = dependencies
        startedAt = dependencies.clock.now()
    }

    /// All metrics.
    func text() -> String {
        var out = MetricsText()
        writeGateway(to: &out)
        writeIngest(to: &out)
        writeSync(to: &out)
        writeSessions(to: &out)
        writeCommands(to: &out)
        writeFleet(to: &out)
        return out.text
    }

    private func writeGateway(to out: inout MetricsText) {
        out.begin("celeriac_build_info", .gauge, "The program; always 1.")
        out.add(1, ["version": to.version])
        out.single(
            "celeriac_ready", .gauge, "Whether the state of the workers is known (/readyz).",
            to.isReady() ? 1 : 0)
        let memory = ProcessMemory.now()
        out.single(
            "process_start_time_seconds", .gauge, "When the gateway was started, unix seconds.",
            startedAt)
        out.single(
            "process_resident_memory_bytes", .gauge, "In the machine's memory.", memory.resident)
        out.single(
            "celeriac_allocated_bytes", .gauge, "Handed out by the allocator and not given back.",
            memory.allocated)
        let sockets = to.sessions.output?.socketCount ?? 0
        out.single("celeriac_sockets", .gauge, "WebSockets that are open.", sockets)
        out.single(
            "celeriac_resident_bytes_per_socket", .gauge,
            "Resident memory by open WebSockets; absent if there are none.",
            sockets > 0 ? Double(memory.resident) / Double(sockets) : nil)
        out.single(
            "celeriac_overload_level", .gauge,
            "What is given up: 0 nothing, 1 pace, 2 windows that follow, 3 new connections.",
            to.sessions.governor.level.rawValue)
    }

    private func writeIngest(to out: inout MetricsText) {
        let health = to.health
        let counted = health.counted
        let refused = to.ingest.counts
        out.begin(
            "celeriac_ingest_state", .gauge, "1 for the state that the way from the workers has.")
        for state in HealthDesk.State.allCases {
            out.add(state == health.state ? 1 : 0, ["state": state.rawValue])
        }
        out.single("celeriac_ingest_events_total", .counter, "Events applied.", counted.events)
        out.single(
            "celeriac_ingest_messages_total", .counter, "Messages that events came in.",
            counted.messages)
        out.single(
            "celeriac_ingest_bytes_total", .counter, "Bytes of these messages.", counted.bytes)
        out.single(
            "celeriac_ingest_dropped_total", .counter,
            "Messages dropped for lack of room between the threads.", counted.dropped)
        out.single(
            "celeriac_ingest_skipped_total", .counter, "Messages in another serializer than JSON.",
            refused.skipped)
        out.single(
            "celeriac_ingest_undecodable_total", .counter, "Events and messages that were none.",
            refused.undecodable)
        out.single(
            "celeriac_ingest_lag_seconds", .gauge,
            "Longest time from the broker's socket until applied, last 10 s; absent if nothing came.",
            health.longestLag())
        out.single(
            "celeriac_ingest_as_of_seconds", .gauge,
            "Receive time of the newest event or probe, unix seconds.", health.asOf)
        out.single(
            "celeriac_ingest_gaps_total", .counter, "Times in which events were lost.",
            to.feed.fleet.gapTotal)
        out.single(
            "celeriac_broker_probe_seconds", .gauge, "Round trip of the newest probe.",
            health.probe)
        let cost = to.cost.total
        out.single(
            "celeriac_broker_commands_total", .counter,
            "Commands sent to broker and result backend.", cost.commands)
        out.single(
            "celeriac_broker_publishes_total", .counter, "PUBLISH among them.", cost.publishes)
        out.single(
            "celeriac_broker_bytes_total", .counter,
            "Bytes of these commands and their answers; events are not among them.", cost.bytes)
        let log = to.events.log
        out.single(
            "celeriac_event_log_events", .gauge, "Events in the event log.",
            max(0, log.head - log.first + 1))
    }

    private func writeCommands(to out: inout MetricsText) {
        out.begin(
            "celeriac_commands_total", .counter,
            "Commands by how they ended; one that is proven after its deadline counts again.")
        for stage in CommandStage.allCases where !stage.isOpen {
            out.add(to.commands.outcomes[stage] ?? 0, ["state": stage.rawValue])
        }
        out.single(
            "celeriac_commands_open", .gauge, "Commands that have no end yet.",
            to.commands.open.values.count { $0.record.stage.isOpen })
        out.single(
            "celeriac_audit_lag_seconds", .gauge,
            "Age of the oldest line that waits to be written into the audit; 0 if none does.",
            to.audit.lag(now: to.clock.now()))
    }
}
