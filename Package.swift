// swift-tools-version: 6.2
import PackageDescription

// The rooms and the arrows between them: docs/architecture.md. `bin/tidy` refuses an import that breaks them.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// As strict, but for the imports: a test may see everything.
let testing: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// Tests of the edges speak with sockets and processes themselves, by C's calls.
let edges: Set<String> = ["EventLoop", "HttpClient", "Records", "RedisLink", "SocketServer"]

func pure(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
        swiftSettings: edges.contains(name) ? testing : testing + [.strictMemorySafety()])
}

/// The readers of strangers' bytes for bin/test, which replays what fuzzing kept, or for bin/fuzz, which links
/// them with libFuzzer: a test there would have an entry of its own.
func fuzzing(_ dependencies: [Target.Dependency]) -> Target {
    let isForFuzzer = Context.environment["CELERIAC_FUZZING"] != nil
    let settings = testing + [.strictMemorySafety()]
    let others = ["README.md", "corpora", "dictionaries", "regressions", "seeds.py"]
    return isForFuzzer
        ? .target(
            name: "Fuzzing", dependencies: dependencies, path: "Tests/Fuzzing",
            exclude: others + ["Replay"], sources: ["Targets"], swiftSettings: settings)
        : .testTarget(
            name: "FuzzingTests", dependencies: dependencies, path: "Tests/Fuzzing",
            exclude: others, sources: ["Targets", "Replay"], swiftSettings: settings)
}

let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "celeriac",
    products: [
        .executable(name: "celeriac", targets: ["celeriac"]),
        .executable(name: "celeriac-load", targets: ["celeriac-load"]),
    ]
        + (Context.environment["CELERIAC_FUZZING"] == nil
            ? [] : [.library(name: "Fuzzing", type: .static, targets: ["Fuzzing"])]),
    dependencies: [
        // Exact: Package.resolved is not kept, and a clean checkout builds what was tested.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibwebsockets", pkgConfig: "libwebsockets",
            providers: [.apt(["libwebsockets-dev", "libcap-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),

        pure("Lookup"),
        pure("Fleet", [collections, "Lookup"]),
        pure("LiveSync", [collections, "Lookup"]),
        pure("Jobs"),
        pure("WireFormats", ["Fleet", "Jobs", "LiveSync"]),

        pure("EventLoop", ["CUV"]),
        pure("Ports", ["EventLoop"]),
        pure("RedisLink", ["CHiredis", "COpenSSL", "EventLoop", "Ports"]),
        pure("SocketServer", ["CLibwebsockets", "CZlib", "EventLoop", "Ports", logging]),
        pure("Credentials", ["COpenSSL", "Ports"]),
        pure("HttpClient", ["COpenSSL", "EventLoop", "Ports"]),
        pure("Records", ["EventLoop", "Ports", grdb, logging]),

        pure(
            "Gateway",
            [
                "WireFormats", "Fleet", "LiveSync", "Jobs", "EventLoop", "Ports", logging,
            ]),
        .executableTarget(
            name: "celeriac",
            dependencies: [
                "Gateway", "RedisLink", "SocketServer", "HttpClient", "Credentials", "Records",
                "EventLoop", "Ports", "WireFormats", "Fleet", arguments, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "celeriac-load",
            dependencies: ["CEpoll", "WireFormats", "LiveSync", arguments, histogram],
            swiftSettings: strict),

        // What a real worker takes without harm, said a second time for the tests of what we send.
        .target(
            name: "WorkerRules", path: "Tests/WorkerRules",
            swiftSettings: testing + [.strictMemorySafety()]),
        // Random numbers that can be had again.
        .target(
            name: "SeededRandom", path: "Tests/SeededRandom",
            swiftSettings: testing + [.strictMemorySafety()]),
        // What a client makes of the frames it gets.
        .target(
            name: "SyncClient", dependencies: ["LiveSync"], path: "Tests/SyncClient",
            swiftSettings: testing + [.strictMemorySafety()]),
        fuzzing([
            "WireFormats", "Fleet", "LiveSync", "RedisLink", "SocketServer", "Gateway", "Ports",
        ]),
        // What wstest of the Autobahn test suite speaks to (Tests/Proofs/autobahn.py).
        .executableTarget(
            name: "socket-echo", dependencies: ["SocketServer", "EventLoop", "Ports"],
            path: "Tests/SocketEcho", swiftSettings: strict),
        // Our side of `bin/bench peers` (Tests/Benchmarks).
        .executableTarget(
            name: "socket-fan-out", dependencies: ["SocketServer", "EventLoop", "Ports"],
            path: "Tests/SocketFanOut", swiftSettings: strict),
        tests("Lookup", ["SeededRandom"]),
        tests("Fleet", ["Lookup", "SeededRandom"]),
        tests("LiveSync", ["SeededRandom", "SyncClient"]),
        tests("WireFormats", ["Fleet", "LiveSync", "SeededRandom", "SyncClient", "WorkerRules"]),
        tests("EventLoop"),
        tests("RedisLink", ["EventLoop", "Ports", "SeededRandom"]),
        tests("SocketServer", ["EventLoop", "Ports"]),
        tests("HttpClient", ["EventLoop", "Ports"]),
        tests("Credentials", ["Ports"]),
        tests("Records", ["Credentials", "EventLoop", "Ports", grdb, logging]),
        tests(
            "Gateway",
            [
                "WireFormats", "Fleet", "LiveSync", "Credentials", "EventLoop", "Ports",
                "WorkerRules", logging,
            ]),
        .testTarget(
            name: "LoadToolTests", dependencies: ["celeriac-load", "WireFormats", histogram],
            swiftSettings: testing + [.strictMemorySafety()]),
    ]
)
