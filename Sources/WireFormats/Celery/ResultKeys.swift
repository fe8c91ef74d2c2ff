/// Names of the result backend's keys (celery/backends/base.py, redis.py).
package enum ResultKeys {
    /// What stands in front of a key for a `global_keyprefix`: `_` is put after it unless it ends in a
    /// separator already. The broker's prefix has no such rule.
    package static func prefix(for keyPrefix: String) -> String {
        guard let last = keyPrefix.last else { return "" }
        return ":_-.".contains(last) ? keyPrefix : keyPrefix + "_"
    }

    /// The key, and the channel, of a task's result.
    ///
    /// - Parameter prefix: as `prefix(for:)` gives it.
    package static func task(_ id: String, prefix: String = "") -> [UInt8] {
        Array("\(prefix)celery-task-meta-\(id)".utf8)
    }

    /// The task id of such a key or channel; nil if it is another one.
    package static func taskID(_ key: Span<UInt8>, prefix: String = "") -> String? {
        let start = "\(prefix)celery-task-meta-".utf8
        guard key.count > start.count else { return nil }
        for (index, byte) in start.enumerated() where key[index] != byte { return nil }
        let id = (start.count..<key.count).map { key[$0] }
        guard id.count <= CeleryLimits.maxIDBytes else { return nil }
        return String(decoding: id, as: UTF8.self)
    }

    /// The key of a saved group.
    package static func group(_ id: String, prefix: String = "") -> [UInt8] {
        Array("\(prefix)celery-taskset-meta-\(id)".utf8)
    }

    /// Of a running chord: `.j` (sorted set of results) and `.s` (how many there will be).
    package static func chord(
        _ groupID: String, prefix: String = ""
    ) -> (results: [UInt8], size: [UInt8]) {
        (group(groupID + ".j", prefix: prefix), group(groupID + ".s", prefix: prefix))
    }
}
