/// How many kept records are in each state, by queue and task name (R29): kept up to date with each change
/// of a record, by two additions.
///
/// A record remembers the place that it is counted at, so that it is taken off where it was added, whatever
/// became of the bound meanwhile.
struct TaskLoads: Sendable {
    private struct Pair: Hashable, Sendable {
        var queue: Int32
        var name: UInt16
    }

    private struct Place: Sendable {
        var pair: Pair
        var counts = InlineArray<11, Int32>(repeating: 0)
        var isListed = false
        var isPublished = false

        var sum: Int32 {
            var sum: Int32 = 0
            for state in counts.indices { sum += counts[state] }
            return sum
        }
    }

    /// Pairs beyond the bound.
    static let other: UInt16 = 0
    /// Records of which neither is known, as each is at first.
    static let unknown: UInt16 = 1
    private static let unknownPair = Pair(queue: -1, name: NameTable.none)

    private var places: [Place]
    private var index: [Pair: UInt16]
    private var free: [UInt16] = []
    private var listed: [UInt16] = []
    /// The answer to the last lookup: tasks come in runs of one name.
    private var last = (pair: TaskLoads.unknownPair, place: TaskLoads.unknown)
    private let limit: Int

    /// Counts at most `limit` pairs of queue and name by themselves.
    init(limit: Int) {
        self.limit = min(max(limit, 0), 60_000)
        places = Array(repeating: Place(pair: Self.unknownPair), count: 2)
        index = [Self.unknownPair: Self.unknown]
    }

    /// The place of a queue and a name, made if there is room.
    mutating func place(queue: Int32, name: UInt16) -> UInt16 {
        let pair = Pair(queue: queue, name: name)
        if pair == last.pair { return last.place }
        let place = index[pair] ?? make(pair)
        // A place may be made for it later.
        if place != Self.other { last = (pair, place) }
        return place
    }

    private mutating func make(_ pair: Pair) -> UInt16 {
        // The one for what is not known is none of them.
        guard index.count <= limit else { return Self.other }
        let place: UInt16
        if let vacant = free.popLast() {
            places[Int(vacant)] = Place(pair: pair)
            place = vacant
        } else {
            places.append(Place(pair: pair))
            place = UInt16(places.count - 1)
        }
        index[pair] = place
        return place
    }

    /// Adds a record to a place, or takes one off.
    mutating func add(_ place: UInt16, _ state: StateCode, _ sign: Int32) {
        places[Int(place)].counts[Self.slot(state)] += sign
        guard !places[Int(place)].isListed else { return }
        places[Int(place)].isListed = true
        listed.append(place)
    }

    private static func slot(_ state: StateCode) -> Int { min(Int(state.rawValue), 10) }

    /// Places that changed, and those that are empty now, since the last call. Empty ones are free afterwards.
    mutating func takeChanges() -> (changed: [Int], removed: [Int]) {
        var changed: [Int] = []
        var removed: [Int] = []
        for place in listed {
            places[Int(place)].isListed = false
            if places[Int(place)].sum > 0 {
                places[Int(place)].isPublished = true
                changed.append(Int(place))
                continue
            }
            if places[Int(place)].isPublished { removed.append(Int(place)) }
            places[Int(place)].isPublished = false
            vacate(place)
        }
        listed = []
        return (changed, removed)
    }

    private mutating func vacate(_ place: UInt16) {
        guard place > Self.unknown else { return }
        let pair = places[Int(place)].pair
        index[pair] = nil
        if last.pair == pair { last = (Self.unknownPair, Self.unknown) }
        free.append(place)
    }

    /// Places with records.
    var used: [Int] { places.indices.filter { places[$0].sum > 0 } }

    /// What a place counts; `nil` if it is empty.
    func load(_ number: Int) -> (queue: Int32, name: UInt16, counts: [Int])? {
        guard places.indices.contains(number), places[number].sum > 0 else { return nil }
        let place = places[number]
        return (
            place.pair.queue, place.pair.name, place.counts.indices.map { Int(place.counts[$0]) }
        )
    }
}
