/// Sorts places by numbers, without comparing: byte by byte, the least one first, each pass stable.
///
/// For a hundred thousand rows that is several times faster than a sort that compares; a byte that is the same
/// in all numbers, as most are, costs nothing.
enum RadixSort {
    /// The places `0..<count` in ascending order of their numbers; what is equal keeps the order it is given in.
    ///
    /// - Parameters:
    ///   - keys: a number for each place.
    ///   - order: the places as they stand now.
    static func sort(_ order: inout [Int32], by keys: [UInt64]) {
        precondition(order.count == keys.count, "\(order.count) places, but \(keys.count) keys")
        guard zip(order, order.dropFirst()).contains(where: { keys[Int($0)] > keys[Int($1)] })
        else {
            return
        }
        let counts = histograms(of: keys)
        var next = order
        for byte in 0..<8 {
            var places = counts[byte * 256..<(byte + 1) * 256].map { $0 }
            guard !places.contains(keys.count) else { continue }
            var before = 0
            for value in places.indices {
                (places[value], before) = (before, before + places[value])
            }
            let shift = UInt64(byte * 8)
            for place in order {
                let value = Int(truncatingIfNeeded: (keys[Int(place)] >> shift) & 0xff)
                next[places[value]] = place
                places[value] += 1
            }
            swap(&order, &next)
        }
    }

    /// How often each byte has each value: 256 counts for each of the eight bytes.
    private static func histograms(of keys: [UInt64]) -> [Int] {
        var counts = [Int](repeating: 0, count: 8 * 256)
        for key in keys {
            var rest = key
            for byte in 0..<8 {
                counts[byte * 256 + Int(truncatingIfNeeded: rest & 0xff)] += 1
                rest >>= 8
            }
        }
        return counts
    }

    /// A number that stands in the same order as another one among its like.
    static func key(_ number: Double) -> UInt64 {
        // Both zeros are one.
        let bits = (number + 0).bitPattern
        return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    }
}
