import Foundation
import Testing
import WireFormats

/// Every file of captured traffic is read by somebody, or it says why nobody has to.
struct CapturedSamplesTests {
    /// Who reads a file.
    enum Reader: Sendable {
        /// A check here. It gives the number of captured things that it read.
        case check(@Sendable (JsonValue) throws -> Int)
        /// Tests of another file, which names the sample.
        case tests(String)
        /// Nobody: there are no bytes in it that a gateway reads or writes.
        case nobody(because: String)
    }

    static let readers: [String: Reader] = [
        "beat_ping": .check(SampleChecks.beatPing),
        "broker_urls": .tests("WireFormatsTests/Celery/BrokerURLTests.swift"),
        "compat_older_celery": .check(SampleChecks.olderCelery),
        "control_replies": .tests("WireFormatsTests/Celery/ControlTests.swift"),
        "control_reply_anon_exchange": .tests("WireFormatsTests/Celery/ControlTests.swift"),
        "control_wire_official": .check(SampleChecks.officialQuestion),
        "event_envelopes": .tests("WireFormatsTests/Celery/CelerySamples.swift"),
        "events_by_type": .tests("WireFormatsTests/Celery/EventDecoderTests.swift"),
        "global_keyprefix": .check(SampleChecks.prefixedKeys),
        "group_chord_keys": .check(SampleChecks.groupsAndChords),
        "handmade_canvas": .check(SampleChecks.canvas),
        "heartbeat_on_request": .check(SampleChecks.heartbeatOnRequest),
        "minimal_task_variants": .check(SampleChecks.minimalTasks),
        "move_and_restore": .nobody(because: "names of lists after a shutdown, no messages"),
        "output_buffer_limit": .nobody(because: "counts of messages and bytes"),
        "pause_resume": .nobody(because: "steps and times in words"),
        "pause_survives_reconnect": .nobody(because: "names of queues, no replies"),
        "poison_messages": .tests("WireFormatsTests/Celery/TaskMessageTests.swift"),
        "poison_pidbox": .tests("WireFormatsTests/Celery/ControlTests.swift"),
        "priority_order": .check(SampleChecks.priorityOrder),
        "publish_official": .tests("WireFormatsTests/Celery/TaskMessageTests.swift"),
        "pubsub_killed": .nobody(because: "a printed client list and counts"),
        "purge_and_routing": .check(SampleChecks.purgeAndRouting),
        "reconnect_events": .check(SampleChecks.reconnectEvents),
        "redis_keys_live": .check(SampleChecks.bindingTables),
        "result_backend_urls": .tests("WireFormatsTests/Celery/BrokerURLTests.swift"),
        "result_pubsub": .tests("WireFormatsTests/Celery/ResultTests.swift"),
        "results": .tests("WireFormatsTests/Celery/ResultTests.swift"),
        "results_other_serializers": .tests("WireFormatsTests/Celery/ControlTests.swift"),
        "retry_republish": .check(SampleChecks.retryRepublish),
        "stamped_revoke": .check(SampleChecks.stampedRevoke),
        "state_vectors": .tests("FleetTests/FlowerVectorTests.swift"),
        "unacked": .tests("WireFormatsTests/Celery/QueueKeysTests.swift"),
        "visibility_timeout": .nobody(because: "times and names of events, without their fields"),
        "worker_start_order": .nobody(because: "times only"),
    ]

    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardized

    static func files() throws -> Set<String> {
        let folder = tests.appending(path: "Fixtures/celery")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return Set(names.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
    }

    @Test func `each file is listed, and each listed file is there`() throws {
        let files = try Self.files()
        #expect(files.subtracting(Self.readers.keys) == [], "not listed: nobody reads them")
        #expect(Set(Self.readers.keys).subtracting(files) == [], "listed, but not there")
    }

    @Test(arguments: readers.keys.sorted())
    func `a captured file is read`(name: String) throws {
        switch try #require(Self.readers[name]) {
        case .check(let check):
            #expect(try check(CelerySamples.load(name)) > 0, "nothing was read")
        case .tests(let path):
            let source = try String(contentsOf: Self.tests.appending(path: path), encoding: .utf8)
            #expect(
                source.contains("\"\(name)\"") || source.contains("\(name).json\""),
                "\(path) does not read it")
        case .nobody(let reason):
            #expect(!reason.isEmpty)
        }
    }
}
