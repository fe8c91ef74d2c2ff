internal import EventLoop
internal import LiveSync

/// The synced tables: everything a client ever sees is a row in here.
@LoopActor
final class Rows {
    let engine: SyncEngine
    let stats: TopicID
    let workers: TopicID
    let queues: TopicID
    let commands: TopicID
    let health: TopicID
    let alerts: TopicID
    let tasks: TopicID
    let trash: TopicID
    let audit: TopicID

    /// Makes empty tables of a new epoch.
    init(epoch: String) {
        engine = SyncEngine(epoch: epoch, topics: Topics.all)
        stats = engine.topic(named: "stats")
        workers = engine.topic(named: "workers")
        queues = engine.topic(named: "queues")
        commands = engine.topic(named: "commands")
        health = engine.topic(named: "health")
        alerts = engine.topic(named: "alerts")
        tasks = engine.topic(named: "tasks")
        trash = engine.topic(named: "trash")
        audit = engine.topic(named: "audit")
    }

    /// Sets fields of one row of topic `health`, by name; other fields keep their values.
    func setHealth(_ id: String, _ fields: KeyValuePairs<String, FieldValue>) {
        engine.upsert(
            health, id: id,
            fields.compactMap { name, value in
                Topics.health.column(name).map { FieldUpdate($0, value) }
            })
    }
}
