internal import Ports
internal import WireFormats

extension CommandCatalog {
    /// Commands for workers.
    static let workers: [CommandDeclaration] = [restart, shutdown]

    private static let restart = CommandDeclaration(
        name: "worker.restart", summary: "Replaces the processes of a worker's pool.",
        parameters: [], roles: [.admin], destination: .workers,
        needs: [.pool(["prefork"], why: "has no processes to restart"), .poolRestarts],
        proof: .observed(.newProcesses),
        evidence: "Pool processes that were not there before, in the place of old ones.",
        make: { (_: CommandArguments) throws(CommandFault) in .control(.poolRestart) })

    private static let shutdown = CommandDeclaration(
        name: "worker.shutdown", summary: "Stops a worker once its running tasks are done.",
        parameters: [], roles: [.admin], destination: .workers, proof: .observed(.goodbye),
        evidence: "The worker says goodbye (`worker-offline`); it does not answer this command.",
        make: { (_: CommandArguments) throws(CommandFault) in .control(.shutdown) })
}
