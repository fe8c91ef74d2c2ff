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

func pure(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
        swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
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
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibwebsockets", pkgConfig: "libwebsockets",
            providers: [.apt(["libwebsockets-dev", "libcap-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),

        pure("Fleet", [collections]),
        pure("LiveSync", [collections]),
        pure("Jobs"),
        pure("WireFormats", ["Fleet", "Jobs", "LiveSync"]),

        pure("EventLoop", ["CUV"]),
        pure("Ports", ["EventLoop"]),
        pure("RedisLink", ["CHiredis", "COpenSSL", "CUV", "EventLoop", "Ports", logging]),
        pure("SocketServer", ["CLibwebsockets", "CZlib", "EventLoop", "Ports", logging]),
        pure("Credentials", ["COpenSSL", "Ports"]),
        pure("Records", ["EventLoop", "Ports", grdb, logging]),

        pure(
            "Gateway",
            [
                "WireFormats", "Fleet", "LiveSync", "Jobs", "EventLoop", "Ports", collections,
                logging,
            ]),
        .executableTarget(
            name: "celeriac",
            dependencies: [
                "Gateway", "RedisLink", "SocketServer", "Credentials", "Records", "EventLoop",
                "Ports", "WireFormats", "Fleet", arguments, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "celeriac-load",
            dependencies: ["WireFormats", "LiveSync", arguments, histogram],
            swiftSettings: strict),

        // What a real worker takes without harm, said a second time for the tests of what we send.
        .target(
            name: "WorkerRules", path: "Tests/WorkerRules",
            swiftSettings: [.swiftLanguageMode(.v6)]),
        tests("Fleet"),
        tests("LiveSync"),
        tests("WireFormats", ["Fleet", "LiveSync", "WorkerRules"]),
        tests("EventLoop"),
        tests("RedisLink", ["EventLoop", "Ports"]),
        tests("SocketServer", ["EventLoop", "Ports"]),
        tests("Credentials", ["Ports"]),
        tests("Records", ["Credentials", "EventLoop", "Ports", grdb, logging]),
        tests(
            "Gateway",
            ["WireFormats", "Fleet", "LiveSync", "EventLoop", "Ports", "WorkerRules"]),
    ]
)
