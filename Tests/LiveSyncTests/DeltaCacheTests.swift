import Testing

@testable import LiveSync

@Suite struct DeltaCacheTests {
    private func make(_ cache: inout DeltaCache, from: Int, to: Int) -> Bool {
        cache.delta(from: from, label: from, to: to) {
            DeltaRun(from: from, label: from, to: to, parts: [], estimatedBytes: 0)
        }.shared
    }

    @Test func `the first starts are exact, and what comes after them shares`() {
        var cache = DeltaCache()
        for asked in 0..<DeltaCache.exactStarts {
            let from = cache.start(asked: 90 + asked, bucket: 80, to: 100)
            #expect(from == 90 + asked)
            #expect(!make(&cache, from: from, to: 100))
        }

        #expect(cache.start(asked: 95, bucket: 80, to: 100) == 80)
        #expect(cache.start(asked: 91, bucket: 80, to: 100) == 91)
        #expect(make(&cache, from: 91, to: 100))
    }

    @Test func `a newer revision has its own first starts`() {
        var cache = DeltaCache()
        for asked in 0..<DeltaCache.exactStarts { _ = make(&cache, from: 90 + asked, to: 100) }

        #expect(cache.start(asked: 95, bucket: 80, to: 101) == 95)
    }

    @Test func `the same start under two labels counts once`() {
        var cache = DeltaCache()
        for label in 50..<60 {
            _ = cache.delta(from: 90, label: label, to: 100) {
                DeltaRun(from: 90, label: 90, to: 100, parts: [], estimatedBytes: 0)
            }
        }

        #expect(cache.start(asked: 95, bucket: 80, to: 100) == 95)
    }
}
