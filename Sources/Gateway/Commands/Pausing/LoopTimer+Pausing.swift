internal import EventLoop

extension LoopTimer {
    /// Returns after some time; the loop goes on meanwhile.
    @LoopActor
    static func pause(for duration: Duration) async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            let holder = Holder()
            holder.timer = LoopTimer(after: duration) {
                holder.timer = nil
                done.resume()
            }
        }
    }

    @LoopActor private final class Holder {
        var timer: LoopTimer?
    }
}
