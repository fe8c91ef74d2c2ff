/// The entries of a dictionary that were asked for lately: between one and two times the limit are kept.
///
/// Two generations: when the young one is full it becomes the old one, and what is asked for there comes back.
struct RecentTable<Key: Hashable, Value> {
    /// Entries of one generation.
    let limit: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    init(limit: Int) { self.limit = limit }

    subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old[key] else { return nil }
            self[key] = value
            return value
        }
        set {
            if young.count >= limit {
                old = young
                young = [:]
            }
            young[key] = newValue
        }
    }
}
