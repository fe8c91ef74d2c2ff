internal import EventLoop
internal import Fleet
internal import Foundation
internal import Gateway
internal import LiveSync
internal import WireFormats

@main
struct IngestReplay {
    static func main() async throws {
        EventLoop.shared.startThread()
        let arguments = CommandLine.arguments
        let data = try Data(contentsOf: URL(fileURLWithPath: arguments[1]))
        let stages = arguments.count > 2 ? arguments[2] : "dalp"
        let bytes = [UInt8](data)
        await run(bytes, stages)
        exit(0)
    }

    @LoopActor
    private static func run(_ bytes: [UInt8], _ stages: String) {
        var starts: [(Int, Int)] = []
        var at = 0
        while at + 4 <= bytes.count {
            let count = Int(bytes[at]) | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2]) << 16
                | Int(bytes[at + 3]) << 24
            starts.append((at + 4, count))
            at += 4 + count
        }
        let decoder = SharedEventDecoder()
        let rows = Rows(epoch: "e")
        var limits = FleetLimits()
        limits.flowerTasks = stages.contains("f") ? 0 : 10_000
        let begin = Date().timeIntervalSince1970
        let feed = Feed(rows: rows, limits: limits, now: begin)
        let desk = EventDesk(epoch: "e", bytes: 64 << 20)
        measured(bytes, starts, decoder, rows, feed, desk, stages, begin)
    }

    @inline(never)
    @LoopActor
    private static func measured(
        _ bytes: [UInt8], _ starts: [(Int, Int)], _ decoder: SharedEventDecoder, _ rows: Rows,
        _ feed: Feed, _ desk: EventDesk, _ stages: String, _ begin: Double
    ) {
        let span = bytes.span
        var items: [CeleryEvent] = []
        var wire = 0
        var events = 0
        var unpublished = 0
        var cpu = clock()
        let first = cpu
        var parts: [String: Int] = [:]
        func lap(_ name: String) {
            let now = clock()
            parts[name, default: 0] += now - cpu
            cpu = now
        }
        func flush() {
            lap("decode")
            let now = begin + Double(events) / 300_000
            events += items.count
            if stages.contains("a") {
                let applied = feed.learn { $0.apply(&items, receivedAt: now) }
                lap("apply")
                if stages.contains("l") {
                    desk.take(items, applied.routes, wireBytes: wire, receivedAt: now)
                }
                lap("log")
            }
            unpublished += items.count
            let capacity = items.count
            items = []
            items.reserveCapacity(capacity)
            lap("free")
            wire = 0
            if stages.contains("p"), unpublished >= 3000 {
                unpublished = 0
                feed.publish(now: now)
                rows.engine.commit(at: Milliseconds(now * 1000))
                lap("publish")
            }
        }
        for (start, count) in starts {
            _ = decoder.decode(span.extracting(start..<start + count), into: &items)
            wire += count
            if items.count >= 512 { flush() }
        }
        flush()
        let total = Double(clock() - first) / Double(events)
        let texts = parts.sorted { $0.key < $1.key }.map {
            "\($0.key) \((Double($0.value) / Double(events)).formatted(.number.precision(.fractionLength(3))))"
        }
        print(events, "total \(total.formatted(.number.precision(.fractionLength(3))))", texts.joined(separator: " "))
    }
}
