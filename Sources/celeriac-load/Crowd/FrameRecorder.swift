internal import Foundation

/// Writes every frame that clients send or get to a file, in the order in which they come, so that they can
/// be held against the published contract.
///
/// One a line: `{"connection":3,"sent":true,"frame":{…}}`.
final class FrameRecorder {
    /// Bytes of a record at most: a run that says more fails, for a part of a record proves little.
    static let most = 256 << 20

    private let file: FileHandle
    private let limit: Int
    private var written = 0
    private var connections = 0

    /// Makes the file anew.
    init(path: String, limit: Int = FrameRecorder.most) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw LoadError("--record: no file can be made at \(path)") }
        self.file = file
        self.limit = limit
    }

    deinit { try? file.close() }  // Every line is in the file already.

    /// A number for another connection.
    func connect() -> Int {
        connections += 1
        return connections
    }

    /// Writes one frame.
    func record(_ frame: [UInt8], isSent: Bool, on connection: Int) throws {
        let head = #"{"connection":\#(connection),"sent":\#(isSent),"frame":"#
        let line = Array(head.utf8) + frame + Array("}\n".utf8)
        written += line.count
        guard written <= limit else {
            throw LoadError("--record: more than \(limit) bytes; record fewer clients or seconds")
        }
        try file.write(contentsOf: Data(line))
    }
}
