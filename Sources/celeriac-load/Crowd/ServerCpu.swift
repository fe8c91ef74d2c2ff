internal import Foundation

/// CPU seconds that all threads of a process have used, in the scheduler's nanoseconds
/// (`/proc/PID/task/TID/schedstat`): `/proc/PID/stat` counts hundredths only.
enum ServerCpu {
    static func seconds(of process: Int) -> Double? {
        let folder = "/proc/\(process)/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return nil
        }
        // A thread that ends meanwhile is not counted; the gateway's live as long as it does.
        let times = threads.compactMap { thread in
            (try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8))
                .flatMap { $0.split(separator: " ").first }.flatMap { Double($0) }
        }
        return times.reduce(0, +) / 1_000_000_000
    }
}
