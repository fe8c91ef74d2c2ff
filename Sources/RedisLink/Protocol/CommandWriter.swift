/// Writes commands as RESP arrays of bulk strings, which carry any bytes
/// (https://redis.io/docs/latest/develop/reference/protocol-spec/).
enum CommandWriter {
    /// Appends one command.
    ///
    /// - Parameters:
    ///   - arguments: name and arguments, not empty.
    ///   - buffer: where to append.
    static func append(_ arguments: [[UInt8]], to buffer: inout [UInt8]) {
        appendHeader(UInt8(ascii: "*"), arguments.count, to: &buffer)
        for argument in arguments {
            appendHeader(UInt8(ascii: "$"), argument.count, to: &buffer)
            buffer.append(contentsOf: argument)
            buffer.append(13)
            buffer.append(10)
        }
    }

    /// Appends one command of text arguments.
    static func append(_ arguments: String..., to buffer: inout [UInt8]) {
        append(arguments.map { Array($0.utf8) }, to: &buffer)
    }

    /// An upper bound of the bytes that a command takes.
    static func bound(_ arguments: [[UInt8]]) -> Int {
        arguments.reduce(24) { $0 + $1.count + 24 }
    }

    private static func appendHeader(_ mark: UInt8, _ number: Int, to buffer: inout [UInt8]) {
        buffer.append(mark)
        if number < 10 {
            buffer.append(48 + UInt8(number))
        } else {
            buffer.append(contentsOf: String(number).utf8)
        }
        buffer.append(13)
        buffer.append(10)
    }
}
