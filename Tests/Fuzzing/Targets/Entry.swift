import Foundation

/// What libFuzzer calls (https://llvm.org/docs/LibFuzzer.html): one binary has all targets, and
/// `CELERIAC_FUZZ_TARGET` names the one to run.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do {
        try chosenTarget.run(bytes)
    } catch {
        fatalError("\(chosenTarget.rawValue): \(error)")
    }
    return 0
}

private let chosenTarget: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["CELERIAC_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        fatalError("CELERIAC_FUZZ_TARGET must be one of \(names)")
    }
    return target
}()
