// What the sanitizers must find, and what they must not: bin/prove sanitizers runs it before all else, so that "no report" means something.

import Glibc
import Synchronization

/// A number that two threads change without a lock, and one behind a lock that is always waited for.
final class Shared: @unchecked Sendable {
    var bare = 0
    let locked = Mutex(0)
}

/// Runs the same on two threads.
func onTwoThreads(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var threads: [pthread_t] = []
    for _ in 0..<2 {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { box in
            if let box { Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body() }
            return nil
        }
        precondition(pthread_create(&thread, nil, run, box) == 0, "no thread")
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}

let shared = Shared()
switch CommandLine.arguments.dropFirst().first {
case "race":
    onTwoThreads { for _ in 0..<1000 { shared.bare += 1 } }
case "lock":
    onTwoThreads { for _ in 0..<100_000 { shared.locked.withLock { $0 += 1 } } }
    precondition(shared.locked.withLock { $0 } == 200_000, "a lock that does not lock")
default:
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 8)
    bytes.initialize(repeating: 1, count: 8)
    print(bytes[CommandLine.arguments.count + 7])
}
