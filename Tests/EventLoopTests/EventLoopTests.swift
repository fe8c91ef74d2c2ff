import EventLoop
import Glibc
import Testing

@Suite struct EventLoopTests {
    init() { EventLoop.shared.startThread() }

    @Test func `actor jobs run on the loop's thread`() async {
        let onLoop = await Task { @LoopActor in EventLoop.shared.isOnLoop }.value

        #expect(onLoop)
        #expect(!EventLoop.shared.isOnLoop)
    }

    @Test func `jobs from one task keep their order`() async {
        let log = Log()
        for number in 0..<1000 { await log.append(number) }

        #expect(await log.entries == Array(0..<1000))
    }

    @Test func `a single timer fires once and a repeating one until it is cancelled`() async {
        let counts = await Counts.collect(repeats: 5)
        let (single, repeating) = await (counts.single, counts.repeating)

        #expect(single == 1)
        #expect(repeating == 5)
    }

    @Test func `a poll reports bytes and then the end of the stream`() async throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let (ours, theirs) = (ends[0], ends[1])

        async let text = Reader.readToEnd(ours)
        _ = write(theirs, "hello", 5)
        close(theirs)

        #expect(await text == "hello")
        close(ours)
    }

    @Test func `a poll closed late leaves the next owner of its descriptor alone`() async throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let (ours, theirs) = (ends[0], ends[1])

        async let heard = Reader.readAfterReplacement(ours)
        _ = write(theirs, "x", 1)

        #expect(await heard)
        close(ours)
        close(theirs)
    }

    @Test func `timers may be released on any thread while they fire`() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let timer = await LoopTimer(
                        after: .zero, every: .milliseconds(1)
                    ) {}
                    await Task.yield()
                    _ = consume timer
                }
            }
        }

        #expect(await Task { @LoopActor in EventLoop.shared.isOnLoop }.value)
    }

    @Test func `a signal reaches its action`() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            Task { @LoopActor in
                let holder = Holder()
                holder.signal = LoopSignal(SIGUSR2) {
                    if holder.signal != nil { done.resume() }
                    holder.signal = nil
                }
                kill(getpid(), SIGUSR2)
            }
        }
    }

    @Test func `entering the loop from another thread traps`() async {
        await #expect(processExitsWith: .failure) {
            EventLoop.shared.startThread()
            LoopActor.assumeIsolated {}
        }
    }
}

@LoopActor private final class Holder { var signal: LoopSignal? }

@LoopActor private final class Log {
    var entries: [Int] = []
    nonisolated init() {}
    func append(_ number: Int) { entries.append(number) }
}

@LoopActor private final class Counts {
    var single = 0
    var repeating = 0
    var timers: [LoopTimer] = []

    static func collect(repeats: Int) async -> Counts {
        let counts = Counts()
        await withCheckedContinuation { done in
            counts.timers.append(LoopTimer(after: .zero) { counts.single += 1 })
            counts.timers.append(
                LoopTimer(after: .milliseconds(1), every: .milliseconds(1)) {
                    counts.repeating += 1
                    guard counts.repeating == repeats else { return }
                    counts.timers[1].cancel()
                    counts.timers.append(LoopTimer(after: .milliseconds(20)) { done.resume() })
                })
        }
        return counts
    }
}

@LoopActor private final class Reader {
    static func readToEnd(_ descriptor: Int32) async -> String {
        var bytes: [UInt8] = []
        let box = Box()
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            box.poll = LoopPoll(descriptor: descriptor) { ready in
                guard ready.contains(.readable), box.poll != nil else { return }
                var buffer = [UInt8](repeating: 0, count: 16)
                let count = read(descriptor, &buffer, buffer.count)
                if count > 0 {
                    bytes += buffer.prefix(count)
                } else {
                    box.poll = nil
                    done.resume()
                }
            }
            box.poll?.watch(.readable)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func readAfterReplacement(_ descriptor: Int32) async -> Bool {
        var old: LoopPoll? = LoopPoll(descriptor: descriptor) { _ in }
        old?.watch(.readable)
        old?.close()
        let box = Box()
        return await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
            box.poll = LoopPoll(descriptor: descriptor) { ready in
                guard box.poll != nil else { return }
                box.poll?.close()
                box.poll = nil
                done.resume(returning: ready.contains(.readable))
            }
            box.poll?.watch(.readable)
            old = nil
        }
    }

    @LoopActor final class Box { var poll: LoopPoll? }
}
