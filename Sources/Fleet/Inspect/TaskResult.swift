/// What the result backend holds for one task (`celery-task-meta-<id>`).
package struct TaskResult: Sendable, Equatable {
    package var id: String
    /// `SUCCESS`, `FAILURE`, `RETRY`, `REVOKED`, `STARTED`, or a custom state; empty if there is a value
    /// whose state cannot be read (compressed, or damaged).
    package var status: String
    /// Result as JSON text, or exception as `Type('message')` text, or a description of a value that is not JSON.
    package var text: String?
    /// JSON text of the meta of a custom state.
    package var progress: String?
    package var traceback: String?
    /// `date_done` as unix seconds.
    package var dateDone: Double?
    package var parentID: String?
    package var groupID: String?
    /// Ids of children, if recorded.
    package var children: [String] = []
    /// With `result_extended`.
    package var name: String?
    package var args: String?
    package var kwargs: String?
    package var worker: String?
    package var retries: Int?
    package var queue: String?
    /// Of a `STARTED` result.
    package var pid: Int?
    package var hostname: String?

    package init(id: String, status: String) {
        self.id = id
        self.status = status
    }
}
