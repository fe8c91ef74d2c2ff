internal import LiveSync
internal import Ports

/// Which sessions are to be looked at next, and when: a tick looks at them only, however many there are.
///
/// Each session stands at most once on a wheel of short slots of time, and beside it on the list of each
/// topic whose next change concerns it. A session that is taken off is on neither until it is put back.
struct Agenda {
    /// Milliseconds of one slot; a session is looked at up to that much later than it asked for.
    static let slot: Milliseconds = 5
    /// Slots of the wheel; who waits for longer is looked at for nothing once a turn.
    static let slots: Milliseconds = 1_024

    private struct Place {
        /// Number of the slot since the clock began; `nil` for sessions that only wait for a change.
        var slot: Milliseconds?
        var topics: TopicSet
    }

    private var wheel: [Set<SocketID>]
    private var lists: [Set<SocketID>]
    private var places: [SocketID: Place] = [:]
    /// The first slot that was not taken yet.
    private var hand: Milliseconds

    /// An empty one.
    ///
    /// - Parameter now: no time is before it.
    init(now: Milliseconds) {
        wheel = Array(repeating: [], count: Int(Self.slots))
        lists = Array(repeating: [], count: TopicSet.limit + 1)
        hand = now / Self.slot
    }

    /// Sessions on it.
    var count: Int { places.count }

    /// Puts a session to its new place, or takes it off if it waits for nothing.
    mutating func put(_ socket: SocketID, _ outlook: Outlook) {
        let slot = outlook.at.map { at in
            min(max(Self.moment(of: at) / Self.slot, hand), hand + Self.slots - 1)
        }
        let old = places[socket]
        if let old, old.slot == slot, old.topics == outlook.topics { return }
        if let old { leave(socket, old) }
        guard slot != nil || !outlook.topics.isEmpty else {
            places[socket] = nil
            return
        }
        if let slot { wheel[Int(slot % Self.slots)].insert(socket) }
        outlook.topics.forEachNumber { lists[$0].insert(socket) }
        places[socket] = Place(slot: slot, topics: outlook.topics)
    }

    /// Takes a session off.
    mutating func remove(_ socket: SocketID) {
        guard let place = places.removeValue(forKey: socket) else { return }
        leave(socket, place)
    }

    /// Takes off, and returns, the sessions whose time has come and those that waited for a change of one
    /// of these topics.
    mutating func take(_ changed: TopicSet, now: Milliseconds) -> Set<SocketID> {
        var taken: Set<SocketID> = []
        let end = now / Self.slot + 1
        while hand < end {
            let index = Int(hand % Self.slots)
            // A slot keeps no room: in time each would have it for the greatest crowd that ever stood there.
            if taken.isEmpty {
                taken = wheel[index]
            } else {
                taken.formUnion(wheel[index])
            }
            wheel[index] = []
            // Once round is everything.
            hand = end - hand > Self.slots ? end - Self.slots : hand + 1
        }
        changed.forEachNumber { taken.formUnion(lists[$0]) }
        for socket in taken { remove(socket) }
        return taken
    }

    /// Sessions that fit without more memory.
    var room: Int {
        wheel.reduce(0) { $0 + $1.capacity } + lists.reduce(0) { $0 + $1.capacity }
            + places.capacity
    }

    /// When somebody who asked for a moment is looked at: at the end of its slot.
    static func moment(of at: Milliseconds) -> Milliseconds {
        (at + slot - 1) / slot * slot
    }

    /// When the next session's time comes; `nil` if all wait for changes.
    var next: Milliseconds? {
        (hand..<hand + Self.slots).first { !wheel[Int($0 % Self.slots)].isEmpty }
            .map { $0 * Self.slot }
    }

    private mutating func leave(_ socket: SocketID, _ place: Place) {
        // One whose slot is behind the hand was taken off it with all others there.
        if let slot = place.slot, slot >= hand { wheel[Int(slot % Self.slots)].remove(socket) }
        place.topics.forEachNumber { lists[$0].remove(socket) }
    }
}
