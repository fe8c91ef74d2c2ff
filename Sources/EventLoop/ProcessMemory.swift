internal import CUV

/// What this process holds in memory, bytes.
package struct ProcessMemory: Sendable, Equatable {
    /// In the machine's memory now (`uv_resident_set_memory`).
    package let resident: Int
    /// Handed out by the allocator and not given back (`mallinfo2`: `uordblks` and `hblkhd`, malloc.h). The
    /// rest of ``resident`` is code, stacks, and what the allocator keeps for later.
    package let allocated: Int

    /// Reads both. Takes about a millisecond: the allocator counts its free pieces.
    package static func now() -> ProcessMemory {
        var resident = 0
        let isKnown = unsafe uv_resident_set_memory(&resident) == 0
        let heap = mallinfo2()
        return ProcessMemory(
            resident: isKnown ? resident : 0, allocated: Int(heap.uordblks + heap.hblkhd))
    }
}
