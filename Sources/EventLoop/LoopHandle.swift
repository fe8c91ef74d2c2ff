internal import CUV
internal import Glibc

/// Memory of one libuv handle: freed by libuv's close callback, never before.
///
/// The handle's `data` points at the Swift object that owns it, unretained: the owner's life ends
/// the handle's (``close()`` runs in `deinit`), so the pointer is never followed after the owner.
@safe final class LoopHandle<Kind>: @unchecked Sendable {
    // Reason for @unchecked: `deinit` may run on any thread; it only hands the pointer to the loop.
    // SAFETY: owned by this object until `deinit` gives it to libuv's close callback.
    let pointer: UnsafeMutablePointer<Kind>

    init() {
        unsafe pointer = .allocate(capacity: 1)
        // libuv reads `data` only through us; a zeroed handle has no owner.
        unsafe UnsafeMutableRawPointer(pointer).initializeMemory(
            as: UInt8.self, repeating: 0, count: MemoryLayout<Kind>.size)
    }

    deinit {
        unsafe Self.release(UnsafeMutableRawPointer(pointer))
    }

    func setOwner(_ owner: AnyObject) {
        let raw = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
        unsafe raw.pointee.data = Unmanaged.passUnretained(owner).toOpaque()
    }

    static func owner<Owner: AnyObject>(_: Owner.Type, of pointer: UnsafeMutablePointer<Kind>)
        -> Owner?
    {
        let raw = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
        guard let data = unsafe raw.pointee.data else { return nil }
        return unsafe Unmanaged<Owner>.fromOpaque(data).takeUnretainedValue()
    }

    private static func release(_ raw: UnsafeMutableRawPointer) {
        let address = UInt(bitPattern: raw)
        if EventLoop.shared.isOnLoop {
            closeHandle(address)
        } else {
            Task { @LoopActor in closeHandle(address) }
        }
    }
}

private func closeHandle(_ address: UInt) {
    guard let raw = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    let handle = unsafe raw.assumingMemoryBound(to: uv_handle_t.self)
    unsafe handle.pointee.data = nil
    unsafe uv_close(handle) { closed in
        unsafe UnsafeMutableRawPointer(closed)?.deallocate()
    }
}
