/// What a `JsonReader` takes: sizes, and which dialect.
package struct JsonLimits: Sendable, Equatable {
    /// Longest text, bytes.
    package var maxBytes: Int
    /// Deepest nesting; a bare number has depth 0, `[1]` has 1.
    package var maxDepth: Int
    /// Most members of one object.
    package var maxMembers: Int
    /// Most elements of one array.
    package var maxElements: Int
    /// Longest string or name as it stands in the text, escapes included, bytes.
    package var maxStringBytes: Int
    /// Whether Python's dialect is read: `NaN` and infinities, and U+FFFD in place of a lone surrogate
    /// or of bytes that are no UTF-8. Otherwise these are refused.
    package var isPython: Bool
    /// Whether a name given twice in one object is refused; otherwise both members are kept, and the
    /// last one counts (as in Python).
    package var refusesDuplicates: Bool

    /// Makes limits.
    package init(
        maxBytes: Int, maxDepth: Int, maxMembers: Int, maxElements: Int, maxStringBytes: Int,
        isPython: Bool, refusesDuplicates: Bool
    ) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxMembers = maxMembers
        self.maxElements = maxElements
        self.maxStringBytes = maxStringBytes
        self.isPython = isPython
        self.refusesDuplicates = refusesDuplicates
    }

    /// Frames and bodies from clients.
    package static let client = JsonLimits(
        maxBytes: 64 << 10, maxDepth: 8, maxMembers: 64, maxElements: 4096,
        maxStringBytes: 16 << 10, isPython: false, refusesDuplicates: true)

    /// What workers and Celery's clients write. Python itself gives up at a depth of about 1,000; 64
    /// keeps our stack small.
    package static let celery = JsonLimits(
        maxBytes: 16 << 20, maxDepth: 64, maxMembers: 100_000, maxElements: 1_000_000,
        maxStringBytes: 16 << 20, isPython: true, refusesDuplicates: false)
}
