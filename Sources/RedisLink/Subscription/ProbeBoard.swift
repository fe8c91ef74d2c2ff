internal import Synchronization

/// Where the loop notes what became of the probes that an ingest thread asked for.
final class ProbeBoard: Sendable {
    /// One note.
    enum Note: Sendable {
        /// Handed to the command connection at that monotonic second.
        case published(Int, at: Double)
        /// The server answered the `PUBLISH`.
        case accepted(Int)
    }

    private let notes = Mutex<[Note]>([])

    /// Adds a note, on the loop.
    func add(_ note: Note) {
        notes.withLock { $0.append(note) }
    }

    /// Takes all notes, on the ingest thread.
    func takeAll() -> [Note] {
        notes.withLock { notes in
            defer { notes = [] }
            return notes
        }
    }
}
