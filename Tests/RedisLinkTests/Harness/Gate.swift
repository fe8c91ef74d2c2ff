import Foundation
import Ports

/// Holds up an ingest thread while it is closed.
final class Gate: @unchecked Sendable {
    // Reason for @unchecked: everything is behind the condition's lock.
    private let condition = NSCondition()
    private var isOpen = true

    func close() { set(false) }
    func open() { set(true) }

    func wait() {
        condition.lock()
        while !isOpen { condition.wait() }
        condition.unlock()
    }

    private func set(_ value: Bool) {
        condition.lock()
        isOpen = value
        condition.broadcast()
        condition.unlock()
    }
}
