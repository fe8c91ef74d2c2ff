import EventLoop
import Ports
import Synchronization
import Testing

@testable import Gateway

@Suite struct CostShareTests {
    @Test(arguments: [1, 7, 100])
    func `no minute sees more than the share`(step: Int) {
        var share = CostShare(perMinute: 600, now: 0)
        var spent: [(at: Double, commands: Int)] = []

        for tick in 0..<3_000 {
            let now = Double(tick) / 10
            if share.take(step, now: now) { spent.append((now, step)) }
        }

        for start in stride(from: 0.0, to: 240, by: 0.5) {
            let minute = spent.filter { $0.at >= start && $0.at < start + 60 }
            let sum = minute.reduce(0) { $0 + $1.commands }
            // What overdraws is done whole, once.
            #expect(sum < 600 + step, "from \(start)")
            #expect(sum > 400, "from \(start)")
        }
    }

    @Test func `what is dearer than the share is done once and paid for by waiting`() {
        var share = CostShare(perMinute: 60, now: 0)

        // A sixth may be spent at once, the rest comes back within a minute: 50 in 60 s.
        for (commands, now, expected) in [
            (110, 0.0, true), (1, 0, false), (1, 119, false), (1, 121, true),
        ] {
            let took = share.take(commands, now: now)
            #expect(took == expected, "\(commands) at \(now)")
        }
    }

    @Test func `what is done bit by bit never overdraws`() {
        var share = CostShare(perMinute: 600, now: 0)

        // 100 may be spent at once, 500 come back within a minute.
        for (wanted, now, expected) in [
            (99, 0.0, 99), (8_001, 0, 0), (8_001, 0.4, 0), (8_001, 0.6, 6), (8_001, 60, 100),
        ] {
            let taken = share.take(upTo: wanted, atLeast: 5, now: now)
            #expect(taken == expected, "\(wanted) at \(now)")
            #expect(share.left >= 0)
        }
        var bound = CostShare(perMinute: 600, now: 0)
        let exact = bound.take(upTo: 100, atLeast: 5, now: 0)
        #expect(exact == 100)
        bound = CostShare(perMinute: 600, now: 0)
        let beyond = bound.take(upTo: 101, atLeast: 5, now: 0)
        #expect(beyond == 100)
    }

    @Test func `the least that is dearer than may be spent at once is done all the same`() {
        var share = CostShare(perMinute: 12, now: 0)

        for (now, expected) in [(0.0, 5), (1, 0), (18, 0), (31, 5)] {
            let taken = share.take(upTo: 50, atLeast: 5, now: now)
            #expect(taken == expected, "at \(now)")
        }
    }

    @Test func `each has its turn before the first has its next`() {
        var round = ReadingRound<Int>()
        var read: [[Int]] = []

        for most in [2, 2, 2, 9, 0, 1] {
            round.begin([1, 2, 3, 4, 5])
            read.append(round.take(most))
        }

        #expect(read == [[1, 2], [3, 4], [5], [1, 2, 3, 4, 5], [], [1]])
    }

    @Test func `a clock that is set back pays nothing and takes nothing`() {
        var share = CostShare(perMinute: 60, now: 1_000)

        share.charge(9, now: 1_000)
        for (now, expected) in [(10.0, true), (10, false), (12, true)] {
            let took = share.take(1, now: now)
            #expect(took == expected, "at \(now)")
        }
    }
}

@Suite struct CostKeeperTests {
    init() { EventLoop.shared.startThread() }

    private final class World: Sendable {
        private let time = Mutex(1_000.0)
        @LoopActor var cost = BrokerCost()

        var now: Double { time.withLock { $0 } }
        func pass(_ seconds: Double) { time.withLock { $0 += seconds } }
    }

    @LoopActor private func keeper(_ world: World, ceiling: Int = 600) -> CostKeeper {
        CostKeeper(
            ceiling: ceiling, clock: GatewayClock { world.now }, measure: { world.cost })
    }

    @Test @LoopActor func `the last minute is told, in the first one all since the start`() {
        let world = World()
        let keeper = keeper(world)

        for second in 0..<180 {
            world.cost.commands += 10
            world.cost.publishes += 2
            world.cost.bytes += 1_000
            let minute = keeper.perMinute()
            let expected = min(second + 1, 60)
            #expect(minute.commands == 10 * expected, "second \(second)")
            #expect(minute.publishes == 2 * expected)
            #expect(minute.bytes == 1_000 * expected)
            world.pass(1)
        }
    }

    @Test @LoopActor func `questions and readings have shares of their own`() {
        let world = World()
        let keeper = keeper(world)

        #expect(keeper.mayAsk(8, workers: 100))
        #expect(!keeper.mayAsk(1, workers: 1))
        #expect(keeper.isLimited)
        #expect(keeper.putOff == 1)
        #expect(keeper.mayRead(49))
        #expect(keeper.mayRead(2))
        #expect(!keeper.mayRead(1))
        world.pass(60)
        #expect(!keeper.isLimited)
        #expect(keeper.mayRead(1))
        #expect(keeper.putOff == 2)
    }

    @Test @LoopActor func `what the server does within a script is told too`() {
        let world = World()
        let keeper = keeper(world)
        world.cost.commands = 1
        keeper.noteScripted(120)
        #expect(keeper.perMinute().commands == 121)

        for _ in 0..<61 {
            world.pass(1)
            _ = keeper.perMinute()
        }
        #expect(keeper.perMinute().commands == 0)
    }

    @Test @LoopActor func `what is charged afterwards counts`() {
        let world = World()
        let keeper = keeper(world)

        keeper.charge(60)

        #expect(!keeper.mayRead(1))
    }
}
