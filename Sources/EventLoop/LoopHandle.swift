internal import CUV
internal import Glibc
internal import Synchronization

/// Memory of one libuv handle: freed by libuv's close callback, never before.
///
/// The handle's `data` holds a box with a weak reference to the Swift object that owns the handle.
/// Weak, because the owner may be released on any thread while the loop is about to call back.
@safe final class LoopHandle<Kind>: @unchecked Sendable {
    // Reason for @unchecked: `deinit` may run on any thread; it only hands the pointer to the loop.
    // SAFETY: owned by this object until ``close()`` gives it to libuv's close callback.
    let pointer: UnsafeMutablePointer<Kind>
    private let isClosed = Atomic<Bool>(false)

    init() {
        unsafe pointer = .allocate(capacity: 1)
        // libuv reads `data` only through us; a zeroed handle has no owner.
        unsafe UnsafeMutableRawPointer(pointer).initializeMemory(
            as: UInt8.self, repeating: 0, count: MemoryLayout<Kind>.size)
    }

    deinit {
        close()
    }

    /// Gives the handle back to libuv; it must not be used afterwards. Closing twice is harmless.
    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let address = unsafe UInt(bitPattern: UnsafeMutableRawPointer(pointer))
        if EventLoop.shared.isOnLoop {
            closeHandle(address)
        } else {
            Task { @LoopActor in closeHandle(address) }
        }
    }

    func setOwner(_ owner: AnyObject) {
        let raw = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
        unsafe raw.pointee.data = Unmanaged.passRetained(OwnerBox(owner)).toOpaque()
    }

    static func owner<Owner: AnyObject>(_: Owner.Type, of pointer: UnsafeMutablePointer<Kind>)
        -> Owner?
    {
        let raw = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
        guard let data = unsafe raw.pointee.data else { return nil }
        return unsafe Unmanaged<OwnerBox>.fromOpaque(data).takeUnretainedValue().owner as? Owner
    }
}

/// What a handle's `data` points at; released by the close callback.
private final class OwnerBox {
    weak var owner: AnyObject?
    init(_ owner: AnyObject) { self.owner = owner }
}

private func closeHandle(_ address: UInt) {
    guard let raw = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    let handle = unsafe raw.assumingMemoryBound(to: uv_handle_t.self)
    unsafe uv_close(handle) { closed in
        guard let closed = unsafe closed else { return }
        if let data = unsafe closed.pointee.data {
            unsafe Unmanaged<OwnerBox>.fromOpaque(data).release()
        }
        unsafe UnsafeMutableRawPointer(closed).deallocate()
    }
}
