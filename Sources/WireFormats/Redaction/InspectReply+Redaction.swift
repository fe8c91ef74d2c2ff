package import Fleet

extension InspectReply {
    /// The same without the values of secrets in what users wrote.
    package func redacted(by redactor: Redactor) -> InspectReply {
        switch self {
        case .active(let tasks): .active(tasks.map { $0.redacted(by: redactor) })
        case .reserved(let tasks): .reserved(tasks.map { $0.redacted(by: redactor) })
        case .scheduled(let tasks):
            .scheduled(
                tasks.map { task in
                    var task = task
                    task.request = task.request.redacted(by: redactor)
                    return task
                })
        case .conf(let settings): .conf(settings.redacted(by: redactor))
        case .pong, .stats, .activeQueues, .revoked, .registered: self
        }
    }
}

extension TaskInfo {
    fileprivate func redacted(by redactor: Redactor) -> TaskInfo {
        var task = self
        task.args = redactor.redacted(args)
        task.kwargs = redactor.redacted(kwargs)
        return task
    }
}

extension WorkerSettings {
    /// On top of what ``SecretMask`` has taken out.
    fileprivate func redacted(by redactor: Redactor) -> WorkerSettings {
        var settings = self
        for (name, text) in all {
            let value = (try? JsonReader.parse(text, limits: .celery)) ?? .string(text)
            settings.all[name] = redactor.redacted(value, name: name).text()
        }
        return settings
    }
}

extension MessagePreview {
    /// The same without the values of secrets in what users wrote.
    package func redacted(by redactor: Redactor) -> MessagePreview {
        var preview = self
        preview.args = redactor.redacted(args)
        preview.kwargs = redactor.redacted(kwargs)
        preview.body = body.map { redactor.redacted($0) }
        return preview
    }
}
