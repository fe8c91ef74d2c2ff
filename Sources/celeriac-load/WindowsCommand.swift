internal import ArgumentParser
internal import Foundation
internal import LiveSync
internal import WireFormats

/// Many different windows over many rows that change: what opening one costs, what keeping them costs.
///
/// The sync engine and the encoder alone, in this process, without sockets: time is simulated in ticks,
/// and what is measured is the CPU time that a simulated second takes.
struct WindowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "windows", abstract: "Many windows over many moving rows, without sockets.")

    @Option(help: "Rows of tasks.") var rows = 100_000
    @Option(help: "Different windows.") var windows = 1_000
    @Option(help: "Events a second.") var rate = 1_000
    @Option(help: "Simulated seconds.") var seconds = 10
    @Option(help: "Target for the share of a core, percent.") var core = 40.0
    @Option(help: "Target for opening a window, 99th percentile, milliseconds.") var open = 50.0

    private static let tick: Milliseconds = 10
    /// Windows whose rows are compared with a scan at the end.
    private static let compared = 70

    private struct Client {
        var session = SyncSession()
        var windows: [LoadedWindow]
    }

    func run() throws {
        guard 1_000...900_000 ~= rows, 1...1_000 ~= windows, 100...100_000 ~= rate,
            1...120 ~= seconds
        else {
            throw ValidationError(
                "rows 1000-900000, windows 1-1000, rate 100-100000, seconds 1-120")
        }
        let engine = SyncEngine(epoch: "bench", topics: [MovingTasks.schema])
        var tasks = MovingTasks(engine: engine, rows: rows)
        var now: Milliseconds = 1_000
        engine.commit(at: now)
        let perClient = engine.limits.windowsPerSession
        var clients = stride(from: 0, to: windows, by: perClient).map { first in
            Client(
                windows: (first..<min(first + perClient, windows)).map {
                    LoadedWindow(number: $0, subscription: $0 - first)
                })
        }
        let opened = try openAll(&clients, engine, now: now)
        let began = Self.processSeconds
        var frames = 0
        for tick in 0..<seconds * 1_000 / Int(Self.tick) {
            now += Self.tick
            let due = (tick + 1) * rate * Int(Self.tick) / 1_000
            for _ in tick * rate * Int(Self.tick) / 1_000..<due { tasks.event() }
            engine.commit(at: now)
            for client in clients.indices {
                frames += Self.serve(&clients[client], engine, now: now)
            }
        }
        let share = (Self.processSeconds - began) / Double(seconds) * 100
        // Time for everybody to hear the last of it.
        now += 1_000
        for client in clients.indices { frames += Self.serve(&clients[client], engine, now: now) }
        let different = differences(clients, tasks)
        try report(opened, share: share, frames: frames, engine, different: different)
    }

    /// Opens all windows, each with its first frame.
    ///
    /// - Returns: milliseconds of each; the first of an order sorts all rows.
    private func openAll(
        _ clients: inout [Client], _ engine: SyncEngine, now: Milliseconds
    ) throws -> [Double] {
        var opened: [Double] = []
        for client in clients.indices {
            for window in clients[client].windows {
                let began = Self.processSeconds
                try engine.openView(window.request, for: &clients[client].session, now: now)
                _ = Self.serve(&clients[client], engine, now: now)
                opened.append((Self.processSeconds - began) * 1_000)
            }
        }
        return opened
    }

    /// Takes, encodes and applies what is due.
    private static func serve(
        _ client: inout Client, _ engine: SyncEngine, now: Milliseconds
    ) -> Int {
        var frames = 0
        while let due = engine.nextDue(for: client.session, now: now), due <= now,
            let outgoing = engine.next(for: &client.session, now: now)
        {
            frames += 1
            let written = outgoing.frame.attachment(for: outgoing.subscription) { content in
                WrittenFrame(ServerFrame.encode(content, subscription: outgoing.subscription))
            }
            guard !written.bytes.isEmpty,
                let revision = client.windows[outgoing.subscription].apply(outgoing.frame.content)
            else { continue }
            engine.acknowledge(
                [Acknowledgement(subscription: outgoing.subscription, revision: revision)],
                for: &client.session, now: now)
        }
        return frames
    }

    /// Compares some windows with what a scan of all rows gives.
    private func differences(_ clients: [Client], _ tasks: MovingTasks) -> Int {
        let names = Set(MovingTasks.sorts + ["worker"])
        let columns = names.compactMap { name in
            MovingTasks.schema.column(name).map { (name, $0) }
        }
        let engine = tasks.engine
        let rows = engine.ids(of: tasks.topic).compactMap { id in
            engine.handle(of: id, in: tasks.topic).map { handle in
                LoadedWindow.Row(
                    handle: handle,
                    fields: Dictionary(
                        uniqueKeysWithValues: columns.map {
                            ($0.0, engine.value(tasks.topic, id: id, column: $0.1))
                        }))
            }
        }
        let all = clients.flatMap(\.windows)
        let step = max(1, all.count / Self.compared)
        return stride(from: 0, to: all.count, by: step).count {
            all[$0].handles != all[$0].scanned(rows)
        }
    }

    private func report(
        _ opened: [Double], share: Double, frames: Int, _ engine: SyncEngine, different: Int
    ) throws {
        let firsts = opened.prefix(MovingTasks.sorts.count).sorted()
        let later = opened.dropFirst(MovingTasks.sorts.count).sorted()
        func milliseconds(_ values: [Double], _ part: Double) -> String {
            guard !values.isEmpty else { return "-" }
            let place = min(values.count - 1, Int(Double(values.count) * part))
            return String(format: "%.2f", values[place])
        }
        let computed = engine.counters.computed
        print(
            """
            \(rows) rows, \(windows) different windows at most 4 times a second, \(rate) events/s, \
            \(seconds) simulated seconds
            opening, ms of CPU: p50 \(milliseconds(later, 0.5))  p99 \(milliseconds(later, 0.99))  \
            max \(milliseconds(later, 1)); the first of each order: max \(milliseconds(firsts, 1))
            keeping them, frames written: \(String(format: "%.1f", share)) % of a core; \
            \(frames) frames, \(computed) computed
            windows that differ from a scan of all rows: \(different)
            """)
        guard different == 0 else { throw LoadError("\(different) windows are not right") }
        let slowest = opened.sorted()
        let p99 = slowest[min(slowest.count - 1, Int(Double(slowest.count) * 0.99))]
        guard p99 <= open else { throw LoadError("opening takes \(p99) ms, not \(open)") }
        guard share <= core else { throw LoadError("\(share) % of a core is above \(core) %") }
        print("targets met: <= \(core) % of a core, opening p99 <= \(open) ms")
    }

    private static var processSeconds: Double {
        var now = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

/// The bytes of a frame, kept on it as the gateway keeps them.
private final class WrittenFrame {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}
