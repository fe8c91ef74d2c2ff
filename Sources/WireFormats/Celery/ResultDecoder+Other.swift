internal import Fleet

/// Values that are not JSON: pickle, msgpack, YAML, compressed, or damaged.
extension ResultDecoder {
    /// Where Celery's state must begin in pickle and msgpack: it is the first member.
    private static let headBytes = 256

    /// The state, if it stands where Celery puts it, else none; the value as kind and size.
    static func decodeOther(_ bytes: [UInt8], _ form: Form, _ id: String) -> TaskResult {
        var result = TaskResult(id: id, status: status(bytes, form) ?? "")
        result.text = "<\(form.rawValue), \(bytes.count) bytes>"
        return result
    }

    private static func status(_ bytes: [UInt8], _ form: Form) -> String? {
        switch form {
        case .compressed, .json, .unknown: nil
        case .pickle, .msgpack: firstMember(bytes)
        case .yaml: yamlMember(bytes)
        }
    }

    /// The capital letters that follow the word `status` within a few bytes.
    private static func firstMember(_ bytes: [UInt8]) -> String? {
        let word = Array("status".utf8)
        let head = bytes.prefix(headBytes)
        guard head.count > word.count,
            let place = (0..<head.count - word.count).first(where: {
                head[$0] == word[0] && head[$0...].starts(with: word)
            })
        else { return nil }
        let rest = head[(place + word.count)...]
        guard let start = rest.prefix(6).firstIndex(where: isCapital) else { return nil }
        return name(rest[start...])
    }

    /// The line `status: …`. Members are sorted by name, so it comes after the result, however long
    /// that is; lines of the result itself are indented.
    private static func yamlMember(_ bytes: [UInt8]) -> String? {
        let member = Array("status: ".utf8)
        var start = bytes.startIndex
        while start < bytes.endIndex {
            if bytes[start...].starts(with: member) {
                return name(bytes[(start + member.count)...])
            }
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            start = end + 1
        }
        return nil
    }

    private static func isCapital(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }

    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        let name = bytes.prefix { isCapital($0) || $0 == UInt8(ascii: "_") }
        guard (3...64).contains(name.count) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }
}
