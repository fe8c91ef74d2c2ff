/// Lets a dozen servers be tested at once: all at the same time would keep the loop, which they
/// share, busy for longer than the time limits that the tests look at.
actor TestSlots {
    static let shared = TestSlots()

    private var free = 12
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func giveBack() {
        guard waiting.isEmpty else {
            waiting.removeFirst().resume()
            return
        }
        free += 1
    }
}
