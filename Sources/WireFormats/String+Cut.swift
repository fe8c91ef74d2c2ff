extension String {
    /// Its first characters, as many as fit into so many bytes of UTF-8.
    func prefix(utf8 limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = startIndex
        var count = 0
        while end < endIndex {
            let next = index(after: end)
            count += self[end..<next].utf8.count
            guard count <= limit else { break }
            end = next
        }
        return String(self[..<end])
    }
}
