internal import CUV
internal import Glibc

/// What this process holds in memory, bytes.
package struct ProcessMemory: Sendable, Equatable {
    /// In the machine's memory now (`uv_resident_set_memory`).
    package let resident: Int
    /// Handed out by the allocator and not given back (`mallinfo2`: `uordblks` and `hblkhd`, malloc.h). The
    /// rest of ``resident`` is code, stacks, and what the allocator keeps for later.
    package let allocated: Int

    /// Free bytes at the heap's end that are worth keeping.
    private static let keptBytes = 2 << 20

    /// Reads both, and gives back what is free. Takes about a millisecond: the allocator counts its free pieces.
    package static func now() -> ProcessMemory {
        let heap = mallinfo2()
        // What a flood has left at the heap's end goes back to the machine.
        if heap.keepcost > keptBytes { _ = malloc_trim(keptBytes / 2) }
        var resident = 0
        let isKnown = unsafe uv_resident_set_memory(&resident) == 0
        return ProcessMemory(
            resident: isKnown ? resident : 0, allocated: Int(heap.uordblks + heap.hblkhd))
    }

    /// Tells the allocator how we use it (mallopt(3)). Call once, before other threads run.
    ///
    /// Batches of events are of a megabyte, and come and go all the time: by default each is mapped anew and
    /// given back, and its pages are zeroed again. And what one thread makes another lets go, so that arenas
    /// for each thread are only holes in more places.
    package static func tuneAllocator() {
        _ = mallopt(M_ARENA_MAX, 1)
        _ = mallopt(M_MMAP_THRESHOLD, 4 << 20)
        // Meanwhile; ``now()`` gives back more, but seldom.
        _ = mallopt(M_TRIM_THRESHOLD, 64 << 20)
    }

    /// Forbids that memory is left in a file after a crash: the broker's password and users' tasks are in it.
    package static func forbidCoreFiles() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
