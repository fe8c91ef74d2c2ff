/// Which names and queues somebody may see, each asked about once for a page: tasks are many, their names few.
///
/// Names of the table and queues by their number, others by their text, of which a bounded number is kept.
struct TaskVerdicts {
    private var names: Answers?
    private var queues: Answers?

    /// Takes over what a filter asks.
    init(_ filter: TaskFilter) {
        names = filter.showsName.map { Answers(ask: $0) }
        queues = filter.showsQueue.map { Answers(ask: $0) }
    }

    /// Whether there is anything to ask about a name.
    var asksForNames: Bool { names != nil }

    /// Whether a task of this name may be shown.
    mutating func shows(name: String?, _ index: UInt16) -> Bool {
        let isNumbered = index != 0 && index != NameTable.none
        return names?.answer(name, number: isNumbered ? Int(index) : nil) ?? true
    }

    /// Whether a task in this queue may be shown.
    mutating func shows(queue: String?, _ index: Int32) -> Bool {
        queues?.answer(queue, number: index >= 0 ? Int(index) : nil) ?? true
    }

    /// Answers about texts, by number where they have one.
    private struct Answers {
        /// Texts without a number whose answers are kept.
        static let textsKept = 4_096

        let ask: @Sendable (String?) -> Bool
        private var byNumber: [Bool?] = []
        private var byText: [String: Bool] = [:]
        private var ofUnknown: Bool?

        init(ask: @escaping @Sendable (String?) -> Bool) {
            self.ask = ask
        }

        mutating func answer(_ text: String?, number: Int?) -> Bool {
            guard let text else {
                let answer = ofUnknown ?? ask(nil)
                ofUnknown = answer
                return answer
            }
            guard let number else { return answer(text) }
            if number >= byNumber.count {
                byNumber += Array(repeating: nil, count: number + 1 - byNumber.count)
            }
            if let known = byNumber[number] { return known }
            let answer = ask(text)
            byNumber[number] = answer
            return answer
        }

        private mutating func answer(_ text: String) -> Bool {
            if let known = byText[text] { return known }
            let answer = ask(text)
            if byText.count < Self.textsKept { byText[text] = answer }
            return answer
        }
    }
}
