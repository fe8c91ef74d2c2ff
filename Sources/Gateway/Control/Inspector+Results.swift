internal import EventLoop
internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

/// What became of tasks, from the result backend.
extension Inspector {
    /// Ids asked for in one `MGET`.
    private static let resultBatch = 500

    /// Reads the results of tasks.
    ///
    /// - Returns: ids without a final result; `nil` if the backend could not be asked.
    func withoutResult(_ ids: [String]) async -> Set<String>? {
        var without: Set<String> = []
        // A value whose state cannot be read may be final.
        let final = ["SUCCESS", "FAILURE", "REVOKED", ""]
        for batch in ids.chunks(of: Self.resultBatch) {
            cost.charge(1)
            guard let found = await readResults(batch) else { return nil }
            feed.learn { $0.apply(results: found, now: clock.now()) }
            let ended = found.lazy.filter { final.contains($0.status) }.map(\.id)
            without.formUnion(Set(batch).subtracting(ended))
        }
        return without
    }

    /// Reads results by id; those without a key are left out.
    ///
    /// - Returns: `nil` if the backend could not be asked.
    func readResults(_ ids: [String]) async -> [TaskResult]? {
        guard !ids.isEmpty else { return [] }
        do throws(BrokerError) {
            let reply = try await results.send([Array("MGET".utf8)] + ids.map(settings.resultKey))
            guard case .array(let values) = reply else { return nil }
            return zip(ids, values).compactMap { id, value in
                guard case .bulk(let bytes) = value else { return nil }
                return ResultDecoder.decode(bytes, id: id, redactor: settings.redactor)
            }
        } catch {
            log.debug("results could not be read", metadata: ["error": "\(error.message)"])
            return nil
        }
    }
}
