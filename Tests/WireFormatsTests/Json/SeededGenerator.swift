import SeededRandom
import WireFormats

private let longText = String(repeating: "x", count: 300)
private let longDigits = String(repeating: "9071523846", count: 4)

/// The same random values in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var random: SplitMix64

    init(_ seed: UInt64) { random = SplitMix64(seed) }

    mutating func next() -> UInt64 { random.next() }

    /// 0 ..< bound
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    /// True once in `n` times.
    mutating func chance(_ n: Int) -> Bool { below(n) == 0 }
    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

    /// Text of the kinds that break things.
    mutating func nastyText() -> String {
        switch below(9) {
        case 0: ""
        case 1: "\"\\/\u{0}\u{1F}\u{7F}"
        case 2: "é€😀\u{FFFD}\u{2028}\u{FEFF}"
        case 3: String(longText.prefix(below(300)))
        case 4: "\u{6}\u{16}3"
        case 5: "{\"__type__\":\"datetime\",\"__value__\":\"x\"}"
        case 6: pick(["celery", "__type__", "__value__", "null", "]", "}}", "task", "NaN", "a\nb"])
        case 7: String((0..<below(12)).map { _ in Character(Unicode.Scalar(UInt8(below(128)))) })
        default: "wapp.add"
        }
    }

    mutating func jsonValue(depth: Int) -> JsonValue {
        switch below(depth > 0 ? 9 : 7) {
        case 0: .null
        case 1: .bool(chance(2))
        case 2: .integer(Int64(truncatingIfNeeded: next()) >> Int64(below(64)))
        case 3:
            .number(Double(Int64(truncatingIfNeeded: next())) / Double(1 + below(1_000_000)) + 0.5)
        case 4: .bigInteger(String(longDigits.prefix(20 + below(20))))
        case 5, 6: .string(nastyText())
        case 7: .array((0..<below(5)).map { _ in jsonValue(depth: depth - 1) })
        default:
            .object(
                (0..<below(5)).map {
                    JsonMember("\(nastyText())\($0)", jsonValue(depth: depth - 1))
                })
        }
    }
}

extension SeededGenerator {
    /// Changes one to eight places of a text: flips, cuts, doubles, and bytes that mean something in JSON.
    mutating func damage(_ bytes: inout [UInt8]) {
        for _ in 0...below(8) {
            guard !bytes.isEmpty else { return }
            let place = below(bytes.count)
            switch below(9) {
            case 0: bytes[place] = UInt8(below(256))
            case 1: bytes[place] ^= 1 << UInt8(below(8))
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(pick(Array("{}[]\",:\\0-eEuN=\u{0}".utf8)), at: place)
            case 4: bytes[place] = pick(Array("{}[]\",:\\0-eEuN=/+".utf8))
            case 5: if chance(8) { bytes.removeSubrange(place...) }
            case 6:
                let end = min(bytes.count, place + below(40))
                bytes.insert(contentsOf: Array(bytes[place..<end]), at: below(bytes.count))
            case 7: bytes.insert(contentsOf: Array(#"\ud800"#.utf8), at: place)
            default:
                // Numbers at their worst.
                bytes.insert(
                    contentsOf: Array(
                        pick([
                            "1e999", "NaN", "-Infinity", "99999999999999999999",
                            "-9223372036854775808",
                        ]).utf8), at: place)
            }
        }
    }
}
