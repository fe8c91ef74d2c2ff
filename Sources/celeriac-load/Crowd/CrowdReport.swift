internal import Histogram
internal import WireFormats

/// What a run of a crowd gave: in words, and in one line of JSON for whoever started it.
struct CrowdReport {
    let clients: Int
    let rate: Int
    let events: Int
    let before: CrowdFigures
    let after: CrowdFigures
    /// Microseconds from publishing to parsing.
    let histograms: [CrowdKind: Histogram<UInt64>]
    let faults: Int

    private var seconds: Double { Double(after.at - before.at) / 1_000_000 }
    private var frames: Int { after.frames - before.frames }
    private var bytes: Int { after.bytes - before.bytes }
    private var cpu: Double { after.cpu - before.cpu }
    private var ownCpu: Double { after.ownCpu - before.ownCpu }
    private var perMillion: Double { cpu * 1_000_000 / Double(max(1, frames)) }

    /// Prints everything.
    func print() {
        Swift.print(
            """
            \(clients) clients, \(rate) events/s: \(frames) frames, \(bytes) bytes in \(seconds) s
            load tool: \(ownCpu / seconds) cores
            """)
        if cpu > 0 {
            Swift.print(
                "gateway: \(cpu) CPU seconds, \(cpu / seconds) cores, \(perMillion) s per million frames"
            )
        }
        var result = figures
        for kind in CrowdKind.allCases {
            guard let histogram = histograms[kind], histogram.totalCount > 0 else { continue }
            result.append(JsonMember(kind.rawValue, latency(kind, histogram)))
        }
        var writer = JsonWriter()
        writer.value(.object(result))
        Swift.print("result: \(String(decoding: writer.bytes, as: UTF8.self))")
    }

    private var figures: [JsonMember] {
        var figures: [JsonMember] = [
            JsonMember("clients", .integer(Int64(clients))),
            JsonMember("events", .integer(Int64(events))),
            JsonMember("frames", .integer(Int64(frames))),
            JsonMember("bytes", .integer(Int64(bytes))),
            JsonMember("seconds", .number(seconds)),
            JsonMember("parsed", .integer(Int64(after.parsed - before.parsed))),
            JsonMember("ownCpu", .number(ownCpu)),
            JsonMember("faults", .integer(Int64(faults))),
        ]
        if cpu > 0 {
            figures += [
                JsonMember("cpu", .number(cpu)), JsonMember("perMillion", .number(perMillion)),
            ]
        }
        return figures
    }

    private func latency(_ kind: CrowdKind, _ histogram: Histogram<UInt64>) -> JsonValue {
        let ms = [50, 90, 99, 99.9].map { Double(histogram.valueAtPercentile($0)) / 1000 }
        Swift.print(
            "\(kind): event published -> parsed, ms: p50 \(ms[0])  p90 \(ms[1])  p99 \(ms[2])  "
                + "p99.9 \(ms[3])  max \(Double(histogram.max) / 1000)  of \(histogram.totalCount)")
        return ["p50": .number(ms[0]), "p90": .number(ms[1]), "p99": .number(ms[2])]
    }
}
