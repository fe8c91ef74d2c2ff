internal import WireFormats

/// Names of the keys that a purge's messages are kept under.
///
/// They obey `global_keyprefix`, and lie beside the queues: a rename moves any number of messages at once.
struct TrashKeys: Sendable {
    private let settings: CelerySettings
    private let id: String

    /// - Parameter id: the purge's ``Ports/CommandRecord/id``.
    init(_ id: String, settings: CelerySettings) {
        self.settings = settings
        self.id = id
    }

    /// The list of each priority step.
    var lists: [[UInt8]] { settings.naming.steps.map { list(step: $0) } }

    /// The list of one step.
    func list(step: Int) -> [UInt8] { settings.key("\(QueueKeys.trashPrefix)\(id).\(step)") }

    /// For each step the queue's list, its trash, the edge and a spare list, as
    /// ``TrashScripts/restoreAll`` needs them.
    func restoring(to queue: String) -> [[UInt8]] {
        settings.naming.steps.flatMap { step in
            [
                settings.queueKey(queue, step: step), list(step: step),
                settings.key("\(QueueKeys.trashPrefix)\(id).\(step).edge"),
                settings.key("\(QueueKeys.trashPrefix)\(id).\(step).spare"),
            ]
        }
    }
}
