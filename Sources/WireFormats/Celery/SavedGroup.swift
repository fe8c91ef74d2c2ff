/// The value of `celery-taskset-meta-<group id>`, which `GroupResult.save()` writes:
/// `{"result": [[group, parent], [[[id, parent], children], …]]}`.
package enum SavedGroup {
    /// Ids of the tasks of a saved group; nil if the value is something else.
    ///
    /// - Parameter limit: the most ids that are read.
    package static func members(decoding bytes: [UInt8], limit: Int) -> [String]? {
        guard let value = try? JsonReader.parse(bytes, limits: .celery),
            let parts = value["result"]?.array, parts.count == 2, let members = parts[1].array
        else { return nil }
        return members.prefix(limit).compactMap { member in
            Bounded.name(member.array?.first?.array?.first)
        }
    }
}
