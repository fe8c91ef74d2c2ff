internal import EventLoop

/// The open WebSockets by their numbers, and what a write needs to know of each, side by side.
///
/// A message to thousands of sockets is thousands of calls of the kernel and little else, so memory that has to
/// come from afar for each shows in what it costs: the connection's object, and the buckets of a dictionary. The
/// low part of a number is a place in an array; the high part counts up, so that no number ever comes again.
@LoopActor
final class SocketTable {
    /// One place.
    private struct Seat {
        /// Of the WebSocket that has it; 0 if none does.
        var number: UInt64
        var outlet: Outlet
        var takesFrames: Bool
    }

    /// WebSockets at most, whatever the configuration says.
    nonisolated static let most = 1 << placeBits
    private nonisolated static let placeBits = 20

    private let most: Int
    private var seats: [Seat] = []
    /// The connection at each place.
    private var connections: [Connection?] = []
    private var freePlaces: [Int] = []
    /// How often a place was taken.
    private var taken: UInt64 = 0

    /// - Parameter most: WebSockets at most.
    init(most: Int = SocketTable.most) {
        self.most = min(most, Self.most)
    }

    /// WebSockets in it.
    var count: Int { seats.count - freePlaces.count }

    /// The connection of an open WebSocket.
    subscript(number: UInt64) -> Connection? {
        place(of: number).flatMap { connections[$0] }
    }

    /// Where to write frames to a WebSocket; `nil` if it is not open, or frames must wait.
    ///
    /// Whether libwebsockets keeps some of an earlier one (``BorrowedWsi/isPartial``) is not looked at.
    func outlet(of number: UInt64) -> Outlet? {
        guard let place = place(of: number), seats[place].takesFrames else { return nil }
        return seats[place].outlet
    }

    /// Takes a WebSocket up.
    ///
    /// - Parameter isPlain: whether there is no TLS.
    /// - Returns: whether there was room for it.
    func add(_ connection: Connection, isPlain: Bool) -> Bool {
        guard count < most else { return false }
        taken += 1
        let place = freePlaces.popLast() ?? seats.count
        let number = taken << Self.placeBits | UInt64(place)
        let seat = Seat(
            number: number, outlet: Outlet(connection, isPlain: isPlain),
            takesFrames: connection.socket?.takesFrames == true)
        if place < seats.count {
            seats[place] = seat
            connections[place] = connection
        } else {
            seats.append(seat)
            connections.append(connection)
        }
        connection.entry = .init(table: self, number: number)
        return true
    }

    /// Forgets a WebSocket that is gone.
    func remove(_ connection: Connection) {
        guard let number = connection.entry?.number, let place = place(of: number) else { return }
        connection.entry = nil
        seats[place].number = 0
        seats[place].takesFrames = false
        connections[place] = nil
        freePlaces.append(place)
    }

    /// Notes whether frames may be written at once.
    func set(takesFrames: Bool, of number: UInt64) {
        guard let place = place(of: number) else { return }
        seats[place].takesFrames = takesFrames
    }

    private func place(of number: UInt64) -> Int? {
        let place = Int(number & UInt64(Self.most - 1))
        guard place < seats.count, seats[place].number == number, number != 0 else { return nil }
        return place
    }
}
