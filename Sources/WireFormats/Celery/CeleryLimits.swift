/// Bounds of everything that is read from or written to Celery.
package enum CeleryLimits {
    /// Longest envelope that is read, bytes. Redis itself allows 512 MB.
    package static let maxPayloadBytes = 16 << 20
    /// Deepest nesting of a message that is read.
    package static let maxDepth = 64
    /// Most events in one message; workers send at most 24.
    package static let maxEventsPerMessage = 1000
    /// Longest host, task, queue and other name of an event, and longest time as text, bytes.
    package static let maxNameBytes = 512
    /// Longest task id, bytes. A longer one is refused, not cut: two ids must not become one.
    package static let maxIDBytes = 512
    /// Names, and texts of keyword arguments, that are kept to be used again; a power of two.
    package static let knownNames = 64
    /// Task ids that are kept to be used again; a power of two. On a busy broker with 7,400 tasks on their
    /// way, three of four events find theirs (of 1,024 kept: 70 %, of 2,048: 73 %, of 8,192: 75 %).
    package static let knownIDs = 2048
    /// Longest repr text of arguments, result or exception, bytes. Celery cuts them at 1,024 characters.
    package static let maxReprBytes = 4096
    /// Largest body of a waiting message that is shown, bytes (after base64).
    package static let maxBodyShownBytes = 16 << 10
    /// Longest traceback, bytes.
    package static let maxTracebackBytes = 64 << 10
    /// Longest JSON text of the extra fields of a custom event, bytes.
    package static let maxExtraBytes = 4096
    /// Most extra fields of a custom event.
    package static let maxExtraFields = 64
    /// Latest time an event may claim, unix seconds: the end of the year 9999. Keeps sums finite.
    package static let maxTimestamp = 253_402_300_800.0

    /// Longest waiting message that is given another queue or priority, bytes: it goes to Redis twice in
    /// one command, as it is and as it shall be.
    package static let maxMovedBytes = 4 << 20
    /// Largest body of a task that is written, bytes (before base64).
    package static let maxTaskBodyBytes = 1 << 20
    /// Deepest nesting of one argument of a task that is written.
    package static let maxArgumentDepth = 32
    /// Most callbacks, chain steps and the like of one task, each.
    package static let maxSignatures = 1000
    /// Deepest nesting of signatures in signatures.
    package static let maxSignatureDepth = 8
    /// Longest text in `argsrepr` and `kwargsrepr`, characters, as Celery has it.
    package static let maxReprCharacters = 1024
    /// Most custom headers of one task.
    package static let maxHeaders = 64
    /// Most node names in the destination of one command.
    package static let maxDestinations = 10000
    /// Most task ids in one command.
    package static let maxCommandIDs = 10000
    /// Most worker names read from one reply, and most items of a list in it.
    package static let maxReplyItems = 100_000
}
