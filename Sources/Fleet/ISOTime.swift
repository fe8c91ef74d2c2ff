/// ISO 8601 times as Celery writes them: `2026-11-23T19:09:36.218236+00:00`, `…Z`, or without an
/// offset (then UTC, Celery's default).
enum ISOTime {
    /// Unix seconds, or `nil` if the text is something else.
    static func seconds(_ text: String) -> Double? {
        var reader = Reader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2),
            reader.skip("-"), let day = reader.number(2), (1...12).contains(month),
            (1...31).contains(day)
        else { return nil }
        var time = 0.0
        if reader.skip("T") || reader.skip(" ") {
            guard let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2)
            else { return nil }
            var second = 0.0
            if reader.skip(":") {
                guard let whole = reader.number(2) else { return nil }
                second = Double(whole) + reader.fraction()
            }
            time = Double(hour * 3_600 + minute * 60) + second
        }
        guard let offset = reader.offset() else { return nil }
        return Double(days(year, month, day)) * 86_400 + time - Double(offset)
    }

    /// Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the
    /// leap day is the last of its year.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private struct Reader {
        private var rest: Substring.UTF8View

        init(_ text: String) {
            rest = text[...].utf8
        }

        mutating func number(_ digits: Int) -> Int? {
            var value = 0
            for _ in 0..<digits {
                guard let byte = rest.first, (48...57).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 48)
                rest = rest.dropFirst()
            }
            return value
        }

        mutating func skip(_ character: Character) -> Bool {
            guard let ascii = character.asciiValue, rest.first == ascii else { return false }
            rest = rest.dropFirst()
            return true
        }

        mutating func fraction() -> Double {
            guard skip(".") else { return 0 }
            var value = 0.0
            var scale = 0.1
            while let byte = rest.first, (48...57).contains(byte) {
                value += Double(byte - 48) * scale
                scale /= 10
                rest = rest.dropFirst()
            }
            return value
        }

        /// Seconds east of UTC; the text must end after it.
        mutating func offset() -> Int? {
            if rest.isEmpty { return 0 }
            if skip("Z") { return rest.isEmpty ? 0 : nil }
            let sign: Int
            if skip("+") {
                sign = 1
            } else if skip("-") {
                sign = -1
            } else {
                return nil
            }
            guard let hours = number(2) else { return nil }
            _ = skip(":")
            guard rest.isEmpty || rest.count >= 2 else { return nil }
            let minutes = rest.isEmpty ? 0 : number(2)
            guard let minutes, rest.isEmpty else { return nil }
            return sign * (hours * 3_600 + minutes * 60)
        }
    }
}
