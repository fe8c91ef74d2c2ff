package import Fleet

extension WorkerSettings {
    /// Reads the answer to `conf`. Secrets are masked by Celery, and once more here.
    package init(_ value: JsonValue) {
        self.init()
        sendsSentEvent = value["task_send_sent_event"]?.bool
        sendsTaskEvents = value["worker_send_task_events"]?.bool
        poolRestarts = value["worker_pool_restarts"]?.bool
        acksLate = value["task_acks_late"]?.bool
        visibilityTimeout = Bounded.seconds(
            value["broker_transport_options"]?["visibility_timeout"])
        listensToOldNames =
            value["broker_transport_options"]?["sentinel_fanout_compat"]?.bool ?? false
        timeLimit = Bounded.seconds(value["task_time_limit"])
        for member in (value.object ?? []).prefix(CeleryLimits.maxReplyItems) {
            let name = Bounded.text(member.name, limit: CeleryLimits.maxNameBytes)
            let shown = SecretMask.masked(member.value, name: member.name)
            all[name] = Bounded.text(shown.text(), limit: CeleryLimits.maxReprBytes)
        }
    }
}
