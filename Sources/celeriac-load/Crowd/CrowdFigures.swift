internal import Foundation

/// What a crowd and its gateway had done at a moment.
struct CrowdFigures {
    /// Text frames, and bytes, that all clients have read.
    let frames: Int
    let bytes: Int
    /// CPU seconds of the gateway, 0 if its process is not known.
    let cpu: Double
    /// CPU seconds of this tool.
    let ownCpu: Double
    /// Frames that are different.
    let parsed: Int
    /// Microseconds.
    let at: Int64

    init(of clients: [CrowdClient], process: Int?, parsed: Int, at: Int64) {
        frames = clients.reduce(0) { $0 + $1.frames }
        bytes = clients.reduce(0) { $0 + $1.bytes }
        cpu = process.flatMap(ServerCpu.seconds) ?? 0
        var used = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
        ownCpu = Double(used.tv_sec) + Double(used.tv_nsec) / 1_000_000_000
        self.parsed = parsed
        self.at = at
    }
}
