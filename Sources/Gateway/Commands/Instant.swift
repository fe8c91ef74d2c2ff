/// Whether a text is an ISO 8601 instant with a zone, as `datetime.fromisoformat` reads it.
func isInstant(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let pattern = Array("dddd-dd-ddTdd:dd:dd".utf8)
    guard bytes.count > pattern.count, bytes.count <= 35 else { return false }
    func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    for (byte, expected) in zip(bytes, pattern) {
        let matches = expected == UInt8(ascii: "d") ? isDigit(byte) : byte == expected
        guard matches else { return false }
    }
    func number(_ start: Int, _ count: Int) -> Int {
        bytes[start..<start + count].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
    let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year >= 1, 1...12 ~= month, 1...lengths[month - 1] ~= day,
        number(11, 2) < 24, number(14, 2) < 60, number(17, 2) < 60
    else { return false }
    var rest = bytes[pattern.count...]
    if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        let digits = rest.prefix(while: isDigit).count
        guard digits == 3 || digits == 6 else { return false }
        rest = rest.dropFirst(digits)
    }
    if rest.elementsEqual("Z".utf8) { return true }
    guard rest.count == 6, let sign = rest.first,
        sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
    else { return false }
    let zone = Array(rest.dropFirst())
    guard isDigit(zone[0]), isDigit(zone[1]), zone[2] == UInt8(ascii: ":"), isDigit(zone[3]),
        isDigit(zone[4])
    else { return false }
    let hours = Int(zone[0] - 48) * 10 + Int(zone[1] - 48)
    let minutes = Int(zone[3] - 48) * 10 + Int(zone[4] - 48)
    return hours < 24 && minutes < 60
}
