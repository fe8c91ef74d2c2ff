import EventLoop
import Foundation

/// Writes what clients and gateways say to each other in these tests to the file that `CELERIAC_FRAMES` names, if it
/// does, so that it can be held against the published contract: bin/test does (`bin/tools/judge_frames.py`).
///
/// One frame a line, as `celeriac-load crowd --record` writes them.
@LoopActor
enum FrameRecord {
    private static var connections = 0
    private static let file: FileHandle? = {
        guard let path = ProcessInfo.processInfo.environment["CELERIAC_FRAMES"],
            FileManager.default.createFile(atPath: path, contents: nil)
        else { return nil }
        return FileHandle(forWritingAtPath: path)
    }()

    /// A number for another connection.
    static func connect() -> Int {
        connections += 1
        return connections
    }

    /// Writes one frame.
    ///
    /// - Parameter isWrong: a client says it that is wrong on purpose.
    static func note(_ frame: [UInt8], isSent: Bool, isWrong: Bool = false, on connection: Int) {
        guard let file else { return }
        let mark = isWrong ? #""wrong":true,"# : ""
        let head = "{\"connection\":\(connection),\"sent\":\(isSent),\(mark)\"frame\":"
        // What is not written is missed: bin/test wants so many lines at least.
        try? file.write(contentsOf: Data(Array(head.utf8) + frame + Array("}\n".utf8)))
    }
}
