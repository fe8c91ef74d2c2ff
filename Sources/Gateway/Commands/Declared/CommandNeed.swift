internal import Fleet
internal import WireFormats

/// What a worker must have to be able to do a command, and what to tell people if it has not.
enum CommandNeed: Sendable, Equatable {
    /// One of these pools; `why` says what others lack.
    case pool([String], why: String)
    /// An autoscaler.
    case autoscaler
    /// No autoscaler: it would undo the change.
    case noAutoscaler
    /// `worker_pool_restarts`.
    case poolRestarts
    /// A Python module in its environment; only its answer tells.
    case module(String)
    /// This version of Celery or a later one.
    case celery(major: Int, minor: Int)

    /// Why a worker cannot, and the setting to change.
    struct Lack: Equatable {
        let reason: String
        let fix: String
    }

    /// Why a worker cannot; `nil` if it can, or if nobody knows.
    func lack(of worker: WorkerRecord) -> Lack? {
        reason(for: worker).map { Lack(reason: $0, fix: fix) }
    }

    /// The question whose answer tells whether a worker has it, if that is not known yet.
    func missing(of worker: WorkerRecord?) -> ControlMethod? {
        switch self {
        case .pool: worker?.pool == nil ? .stats : nil
        case .autoscaler, .noAutoscaler: worker?.statsAt == nil ? .stats : nil
        case .poolRestarts: worker?.poolRestarts == nil ? .conf : nil
        // Events name the version; only an attempt tells of a module.
        case .celery, .module: nil
        }
    }

    private func reason(for worker: WorkerRecord) -> String? {
        switch self {
        case .pool(let pools, let why):
            guard let pool = worker.pool, !pools.contains(pool) else { return nil }
            return "the \(pool) pool \(why)"
        case .autoscaler:
            guard worker.statsAt != nil, worker.autoscaleMax == nil else { return nil }
            return "it runs without an autoscaler"
        case .noAutoscaler:
            return worker.autoscaleMax == nil ? nil : "its autoscaler sets the size of the pool"
        case .poolRestarts:
            return worker.poolRestarts == false ? "pool restarts are not enabled" : nil
        case .module: return nil
        case .celery(let major, let minor):
            guard let version = Self.version(worker.software), version < (major, minor) else {
                return nil
            }
            return "Celery \(version.0).\(version.1) does not know this command"
        }
    }

    /// The setting to change for an error that Celery answers (`celery/worker/control.py`).
    static func fix(for text: String, needs: [CommandNeed]) -> String? {
        needs.first { $0.isMeant(by: text) }?.fix
    }

    private func isMeant(by text: String) -> Bool {
        switch self {
        case .pool: text.contains("NotImplementedError") || text.contains("AttributeError")
        case .autoscaler: text.contains("Autoscale not enabled")
        case .noAutoscaler: text.contains("not supported with autoscale")
        case .poolRestarts: text.contains("Pool restarts not enabled")
        case .module(let name): text.contains("\(name) is not installed")
        case .celery: text.contains("KeyError")
        }
    }

    private var fix: String {
        switch self {
        case .pool(let pools, _):
            "start the worker with --pool=\(pools.joined(separator: " or --pool="))"
        case .autoscaler: "start the worker with --autoscale=MAX,MIN"
        case .noAutoscaler: "use worker.autoscale"
        case .poolRestarts:
            "set worker_pool_restarts = True in the worker's configuration and start it again"
        case .module(let name): "install \(name) in the worker's environment"
        case .celery(let major, let minor): "it needs Celery \(major).\(minor) or later"
        }
    }

    /// The need in a few words, for the documentation.
    var text: String {
        switch self {
        case .pool(let pools, _): "pool " + pools.joined(separator: " or ")
        case .autoscaler: "`--autoscale`"
        case .noAutoscaler: "no `--autoscale`"
        case .poolRestarts: "`worker_pool_restarts`"
        case .module(let name): "the module `\(name)`"
        case .celery(let major, let minor): "Celery \(major).\(minor)"
        }
    }

    /// Major and minor of `py-celery 5.7.0`.
    private static func version(_ software: String?) -> (Int, Int)? {
        guard let software, software.hasPrefix("py-celery ") else { return nil }
        let parts = software.dropFirst("py-celery ".count).split(separator: ".").prefix(2)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1]) else {
            return nil
        }
        return (major, minor)
    }
}
