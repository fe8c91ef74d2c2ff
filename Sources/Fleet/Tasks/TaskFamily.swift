/// Where a task stands in its workflow, kept out of the slots: most tasks have no parent and are their own root.
struct TaskFamily: Sendable {
    var parentID: String?
    /// Nil if it is the task itself.
    var rootID: String?
    /// Neighbors among the children of the parent, -1 = none.
    var previousSibling: Int32 = -1
    var nextSibling: Int32 = -1

    /// Bytes outside the slot, roughly.
    var bytes: Int {
        32 + MemoryLayout<TaskFamily>.stride + TaskSlot.heapBytes(parentID)
            + TaskSlot.heapBytes(rootID)
    }
}
