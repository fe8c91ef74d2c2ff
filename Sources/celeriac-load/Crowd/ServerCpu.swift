internal import Foundation

/// CPU seconds that a process has used, by `/proc/PID/stat` (proc(5)): user and system time.
enum ServerCpu {
    static func seconds(of process: Int) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return nil }
        // The first field behind the name is number 3; 14 and 15 are user and system time.
        let fields = text[name...].split(separator: " ").dropFirst()
        let times = fields.dropFirst(11).prefix(2).compactMap { Double($0) }
        guard times.count == 2 else { return nil }
        return (times[0] + times[1]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
