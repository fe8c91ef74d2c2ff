/// A task that another task calls: a callback, an errback, a chain step or a chord's body.
package struct Signature: Sendable, Equatable {
    /// Name of the task.
    package var task: String
    /// Positional arguments; a callback gets the result in front of them unless `isImmutable`.
    package var args: [JsonValue]
    /// Keyword arguments.
    package var kwargs: [JsonMember]
    /// The id it will have; chain steps need one, so that they can be followed.
    package var taskID: String?
    /// Where it is sent; nil for the worker's own routing.
    package var queue: String?
    /// Celery's priority, 0 most urgent.
    package var priority: Int?
    /// Of a chord's body: the group whose results it gets.
    package var groupID: String?
    /// Whether results of others are not passed on to it.
    package var isImmutable: Bool
    /// Of a chord's body: how many header tasks there are.
    package var chordSize: Int?
    /// Called with its result.
    package var callbacks: [Signature]
    /// Called if it fails.
    package var errbacks: [Signature]

    /// Makes a signature.
    package init(
        _ task: String, args: [JsonValue] = [], kwargs: [JsonMember] = [], taskID: String? = nil,
        queue: String? = nil, priority: Int? = nil, groupID: String? = nil,
        isImmutable: Bool = false,
        chordSize: Int? = nil, callbacks: [Signature] = [], errbacks: [Signature] = []
    ) {
        self.task = task
        self.args = args
        self.kwargs = kwargs
        self.taskID = taskID
        self.queue = queue
        self.priority = priority
        self.groupID = groupID
        self.isImmutable = isImmutable
        self.chordSize = chordSize
        self.callbacks = callbacks
        self.errbacks = errbacks
    }

    /// The object that Celery puts into `embed`.
    func write(to writer: inout JsonWriter) {
        writer.beginObject()
        writer.member("task", task as String?)
        writer.member("args", .array(args))
        writer.member("kwargs", .object(kwargs))
        writer.name("options")
        writer.beginObject()
        if let taskID { writer.member("task_id", taskID as String?) }
        if let queue { writer.member("queue", queue as String?) }
        if let priority { writer.member("priority", priority) }
        if let groupID { writer.member("group_id", groupID as String?) }
        Signature.write(callbacks, as: "link", to: &writer)
        Signature.write(errbacks, as: "link_error", to: &writer)
        writer.endObject()
        writer.member("subtask_type", nil as String?)
        writer.member("immutable", isImmutable)
        if let chordSize { writer.member("chord_size", chordSize) }
        writer.endObject()
    }

    private static func write(
        _ signatures: [Signature], as name: String, to writer: inout JsonWriter
    ) {
        guard !signatures.isEmpty else { return }
        writer.name(name)
        writer.beginArray()
        for signature in signatures { signature.write(to: &writer) }
        writer.endArray()
    }
}
