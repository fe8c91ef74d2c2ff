/// Memory to read into, allocated once.
@safe final class ReadBuffer {
    // SAFETY: allocated here, freed in `deinit`, used by one thread at a time.
    let memory: UnsafeMutableRawBufferPointer

    init(bytes: Int) {
        unsafe memory = .allocate(byteCount: bytes, alignment: 16)
    }

    deinit { unsafe memory.deallocate() }

    /// The first `count` bytes.
    func filled(_ count: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: memory[..<count])
    }
}
