import Foundation
import Testing

/// X5: every input that fuzzing kept, run once more: the corpora that reach each branch of the readers, and
/// whatever once broke a promise. New inputs are found by `bin/fuzz`.
@Suite struct ReplayTests {
    @Test(arguments: FuzzTarget.allCases)
    func `every kept input is read or refused`(target: FuzzTarget) throws {
        let inputs = try Self.inputs(of: target, in: "corpora")

        for input in inputs {
            #expect(throws: Never.self, "\(target.rawValue): \(Self.line(input))") {
                try target.run(input)
            }
        }
        #expect(inputs.count >= 20, "the corpus of \(target.rawValue) is nearly empty")
    }

    @Test(arguments: FuzzTarget.allCases)
    func `every kept input is read or refused when it is cut short`(target: FuzzTarget) throws {
        for input in try Self.inputs(of: target, in: "corpora") {
            for share in 1...3 {
                let cut = Array(input.prefix(input.count * share / 4))
                #expect(throws: Never.self, "\(target.rawValue): \(Self.line(cut))") {
                    try target.run(cut)
                }
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `what once broke a promise breaks it no more`(target: FuzzTarget) throws {
        for input in try Self.inputs(of: target, in: "regressions") {
            #expect(throws: Never.self, "\(target.rawValue): \(Self.line(input))") {
                try target.run(input)
            }
        }
    }

    /// The inputs of a file, one in base64 a line; none if there is no file.
    private static func inputs(of target: FuzzTarget, in folder: String) throws -> [[UInt8]] {
        let file = URL(filePath: #filePath)
            .appending(path: "../../\(folder)/\(target.rawValue).txt").standardized
        guard folder == "corpora" || FileManager.default.fileExists(atPath: file.path) else {
            return []
        }
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            Array(
                try #require(
                    Data(base64Encoded: String(line)), "\(file.lastPathComponent): \(line)"))
        }
    }

    private static func line(_ input: [UInt8]) -> String { Data(input).base64EncodedString() }
}
