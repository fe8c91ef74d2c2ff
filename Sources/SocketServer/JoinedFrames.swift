internal import Ports

/// Frames joined for one write, kept for the next connection: what a tick has to tell is mostly the same for many.
///
/// So they are copied together once, and not for each connection.
struct JoinedFrames {
    /// Bytes from which on they are not kept: nobody may ever need them again. The joined bytes count, and so do the
    /// frames, which are kept with them: compressed, they are much more than what is joined.
    static let keptBytes = 256 * 1024

    private var frames: ArraySlice<SharedFrame> = []
    private var framesBytes = 0
    private var isDeflated = false
    /// The frames' bytes, one after the other.
    private(set) var bytes: [UInt8] = []

    /// Whether these are the bytes of the same frames for a connection of the same kind.
    func holds(_ others: ArraySlice<SharedFrame>, isDeflated: Bool) -> Bool {
        guard frames.count == others.count, self.isDeflated == isDeflated else { return false }
        // The same array is told by its place: it cannot change or go while it is kept here.
        let place = unsafe frames.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        let other = unsafe others.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        return place == other || zip(frames, others).allSatisfy { $0 === $1 }
    }

    /// Joins other frames, in the memory that is there.
    ///
    /// - Parameter bytes: a frame as a connection of this kind gets it.
    mutating func fill(
        _ others: ArraySlice<SharedFrame>, isDeflated: Bool, bytes form: (SharedFrame) -> [UInt8]
    ) {
        // What was written before stands in front of a slice, and is not to be kept with it.
        frames = others.startIndex == 0 ? others : ArraySlice(Array(others))
        framesBytes = others.reduce(0) { $0 + $1.bytes.count }
        self.isDeflated = isDeflated
        bytes.removeAll(keepingCapacity: true)
        for frame in others { bytes += form(frame) }
    }

    /// Lets go of more than may be kept.
    mutating func trim() {
        if max(bytes.count, framesBytes) > Self.keptBytes { self = JoinedFrames() }
    }
}
