internal import LiveSync
internal import Ports

/// What somebody wants to see or to do: the question to ``Authorization``.
enum Act: Sendable {
    /// What everybody may who is known: keep a session, close what is open, read the catalog.
    case known
    /// See the rows of a topic, be it once or as they change.
    case topic(TopicSchema)
    /// Read events.
    case events
    /// Read what workers answered to a command, and what became of each of its tasks.
    case outcomes
    /// Read the settings of workers.
    case settings
    /// Compare the settings and tasks of all workers.
    case differences
    /// Have everything asked anew.
    case reconcile
    /// Read the figures for Prometheus.
    case metrics
    /// Read the list of a plan of one's own.
    case plans
    /// Find out which tasks a command would be about.
    case plan(CommandDeclaration)
    /// Have something done, with these of its parameters.
    case command(CommandDeclaration, using: [CommandParameter])
    /// Have something done to, or with, these; whether one may do such things at all is another question.
    case touch([Touched])
    /// Look at the messages that wait in a queue.
    case messages(queue: String)
    /// Read what is told of groups of tasks, whatever their names and queues.
    case groups
    /// Read what Celery's own state, and so Flower, makes of all tasks.
    case flower
}
