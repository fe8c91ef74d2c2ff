extension FleetState {
    /// Rounds in which fewer answered to a name, while somebody else was silent, until it is believed.
    package static var quieterRounds: Int { 3 }

    /// Notes how many answered one question to everybody, by name. Who is not named has one voice.
    ///
    /// - Parameter isWhole: whether everybody who listens has answered. If not, a voice may only be busy:
    ///   a solo worker answers after its task.
    package mutating func noteVoices(_ counts: [String: Int], isWhole: Bool, now: Double) {
        for place in workers.places where workers[place].isAlive {
            let told = counts[workers[place].name] ?? 1
            let voices = min(max(told, 1), limits.voicesPerWorker)
            let before = workers[place].voices
            workers[place].quieter = voices < before ? workers[place].quieter + 1 : 0
            guard voices != before,
                voices > before || isWhole || workers[place].quieter >= Self.quieterRounds
            else { continue }
            workers[place].voices = voices
            workers[place].quieter = 0
            workers.mark(place)
            judge(place, now: now)
        }
    }
}
