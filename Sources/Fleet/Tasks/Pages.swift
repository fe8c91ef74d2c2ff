/// A growing store of big values in pages, so that growth neither copies nor doubles it.
struct Pages<Element: Sendable>: Sendable {
    private static var pageBits: Int32 { 8 }
    private static var pageSize: Int32 { 1 << pageBits }

    private var pages: [[Element]] = []
    /// Elements stored; indices are `0 ..< count`.
    private(set) var count: Int32 = 0

    /// Appends an element and tells its index.
    mutating func append(_ element: consuming Element) -> Int32 {
        if count == Int32(pages.count) << Self.pageBits {
            pages.append([])
            pages[pages.count - 1].reserveCapacity(Int(Self.pageSize))
        }
        pages[pages.count - 1].append(element)
        count += 1
        return count - 1
    }

    /// Changes an element where it stands, in one go: each use of the subscript asks anew whether its page
    /// belongs to nobody else.
    @inline(__always)
    mutating func change<Result>(_ index: Int32, _ body: (inout Element) -> Result) -> Result {
        body(&pages[Int(index >> Self.pageBits)][Int(index & (Self.pageSize - 1))])
    }

    /// Borrows the element in place: no copy, hence no reference counting of its strings.
    subscript(index: Int32) -> Element {
        _read {
            let page = pages[Int(index >> Self.pageBits)]
            yield page.span[Int(index & (Self.pageSize - 1))]
        }
        _modify { yield &pages[Int(index >> Self.pageBits)][Int(index & (Self.pageSize - 1))] }
    }
}
