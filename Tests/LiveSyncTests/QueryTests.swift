import Testing

@testable import LiveSync

@Suite struct QueryTests {
    /// Runs a query to its end, some rows at a time.
    private func answer(
        _ bench: Bench, _ request: QueryRequest, projection: Projection = .everything,
        rows: Int = 7
    ) throws -> QueryPage {
        let run = try bench.engine.query(request, projection: projection)
        while !run.isDone { run.step(rows) }
        return run.page
    }

    private func ids(_ page: QueryPage) -> [String] {
        (0..<page.rows.count).compactMap { row in
            page.rows.cells(of: row).lazy
                .filter { page.rows.columns[$0] == 0 }
                .compactMap { cell -> String? in
                    if case .text(let id) = page.rows.values[cell] { id } else { nil }
                }.first
        }
    }

    private func filled() -> Bench {
        let bench = Bench()
        for number in 0..<300 {
            bench.addTask(
                "t\(number)", seen: Double(number * 37 % 300),
                state: ["STARTED", "FAILURE", "SUCCESS"][number % 3],
                args: number % 10 == 0 ? "('Order \(number)',)" : "()")
        }
        bench.engine.commit(at: 0)
        return bench
    }

    @Test func `pages in either order name each matching row once`() throws {
        let bench = filled()
        for descending in [true, false] {
            var request = QueryRequest(
                topic: "tasks", filter: .not(.eq("state", .text("SUCCESS"))),
                descending: descending, limit: 17)
            var found: [String] = []
            repeat {
                let page = try answer(bench, request)
                #expect(page.rows.count <= 17 && !page.isPartial)
                found += ids(page)
                request.after = page.next
            } while request.after != nil

            let wanted = (0..<300).filter { $0 % 3 != 2 }.sorted {
                let (a, b) = ($0 * 37 % 300, $1 * 37 % 300)
                return descending ? a > b : a < b
            }
            #expect(found == wanted.map { "t\($0)" })
        }
    }

    @Test func `a part of a text is found whatever its case, in one field or in all`() throws {
        let bench = filled()
        let anywhere = try answer(
            bench,
            QueryRequest(topic: "tasks", filter: .contains("*", "oRDER 29"), limit: 200))
        #expect(ids(anywhere) == ["t290"])
        let args = try answer(
            bench,
            QueryRequest(topic: "tasks", filter: .contains("args", "order"), limit: 200))
        #expect(args.rows.count == 30)
        let name = try answer(
            bench, QueryRequest(topic: "tasks", filter: .contains("name", "order")))
        #expect(name.rows.isEmpty && name.next == nil && name.looked == 300)
    }

    @Test(arguments: [
        ("abc", "abc", true), ("xabc", "abc", true), ("ababc", "abc", true), ("ab", "abc", false),
        ("", "a", false), ("aab", "ab", true), ("ABÉ", "bé", false), ("ABé", "bé", true),
        ("a\0b", "\0b", true),
    ])
    func `search agrees with the eye`(text: String, needle: String, found: Bool) {
        let bytes = needle.utf8.map(TextSearch.lower)
        #expect(TextSearch.finds(bytes, in: text) == found)
    }

    /// Every filter of random clauses finds what a plain loop over the rows finds.
    @Test(arguments: 0..<20)
    func `random filters find what a plain loop finds`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = Bench()
        let names = ["id", "name", "state", "seen", "args"]
        var rows: [[FieldValue]] = []
        for number in 0..<200 {
            let row: [FieldValue] = [
                .text("t\(number)"),
                .text(["mail.send", "Mail.read"][Int.random(in: 0...1, using: &random)]),
                .text(["STARTED", "FAILURE"][Int.random(in: 0...1, using: &random)]),
                .int(Int.random(in: 0..<20, using: &random)),
                Bool.random(using: &random)
                    ? .absent : .text("x\(Int.random(in: 0..<30, using: &random))Y"),
            ]
            rows.append(row)
            bench.engine.upsert(
                bench.tasks, id: "t\(number)", (1...4).map { FieldUpdate($0, row[$0]) })
        }
        bench.engine.commit(at: 0)
        func clause(_ depth: Int) -> FilterExpression {
            let kind = Int.random(in: 0...(depth > 3 ? 4 : 7), using: &random)
            let name = names.randomElement(using: &random) ?? "id"
            let column = names.firstIndex(of: name) ?? 0
            let value = rows.randomElement(using: &random)?[column] ?? .absent
            switch kind {
            case 0: return .eq(name, value)
            case 1: return .isIn(name, [value, .absent])
            case 2: return .range("seen", from: .int(5), to: .int(11))
            case 3: return .prefix("name", "mail")
            case 4: return .contains(Bool.random(using: &random) ? "*" : name, "X1")
            case 5: return .not(clause(depth + 1))
            case 6: return .or([clause(depth + 1), clause(depth + 1)])
            default: return .and([clause(depth + 1), clause(depth + 1)])
            }
        }
        func plain(_ expression: FilterExpression, _ row: [FieldValue]) -> Bool {
            func value(_ name: String) -> FieldValue { row[names.firstIndex(of: name) ?? 0] }
            func holds(_ field: FieldValue, _ part: String) -> Bool {
                if case .text(let text) = field {
                    text.lowercased().contains(part.lowercased())
                } else {
                    false
                }
            }
            switch expression {
            case .and(let parts): return parts.allSatisfy { plain($0, row) }
            case .or(let parts): return parts.contains { plain($0, row) }
            case .not(let part): return !plain(part, row)
            case .eq(let name, let wanted): return value(name) == wanted
            case .isIn(let name, let wanted): return wanted.contains(value(name))
            case .range(let name, _, _):
                guard case .int(let number) = value(name) else { return false }
                return 5..<11 ~= number
            case .prefix(let name, let text):
                if case .text(let whole) = value(name) { return whole.hasPrefix(text) }
                return false
            case .contains(let name, let part):
                return name == "*" ? row.contains { holds($0, part) } : holds(value(name), part)
            }
        }
        for _ in 0..<25 {
            let filter = clause(1)
            let page = try answer(
                bench, QueryRequest(topic: "tasks", filter: filter, limit: 200),
                rows: Int.random(in: 1...50, using: &random))
            let wanted = rows.filter { plain(filter, $0) }.count
            #expect(page.rows.count == wanted, "\(filter)")
        }
    }

    @Test func `rows that come, change and go between two steps do no harm`() throws {
        let bench = filled()
        let run = try bench.engine.query(QueryRequest(topic: "tasks", limit: 200))
        run.step(50)
        for number in 0..<300 where number % 2 == 0 {
            bench.engine.remove(bench.tasks, id: "t\(number)")
        }
        for number in 300..<400 { bench.addTask("t\(number)", seen: Double(number)) }
        bench.engine.commit(at: 1)
        while !run.isDone { run.step(50) }

        let found = ids(run.page)
        #expect(Set(found).count == found.count)
        #expect(found.count { (Int($0.dropFirst()) ?? 0) % 2 == 1 } == 150)
    }

    @Test func `what was found until now is there at any time`() throws {
        let bench = filled()
        let run = try bench.engine.query(
            QueryRequest(topic: "tasks", filter: .eq("state", .text("FAILURE")), limit: 200))
        run.step(100)
        let part = run.page
        #expect(part.isPartial && part.looked == 100 && part.next != nil)

        let rest = try answer(
            bench,
            QueryRequest(
                topic: "tasks", filter: .eq("state", .text("FAILURE")), limit: 200,
                after: part.next))
        #expect(part.rows.count + rest.rows.count == 100)
        #expect(Set(ids(part)).isDisjoint(with: ids(rest)))
    }

    @Test func `a page stays below a frame`() throws {
        let bench = Bench()
        for number in 0..<40 {
            bench.addTask(
                "t\(number)", seen: Double(number), args: String(repeating: "x", count: 9_000))
        }
        bench.engine.commit(at: 0)
        var request = QueryRequest(topic: "tasks", limit: 200)
        var found: [String] = []
        repeat {
            let page = try answer(bench, request)
            #expect(page.rows.estimatedBytes <= bench.engine.limits.frameBytes)
            found += ids(page)
            request.after = page.next
        } while request.after != nil
        #expect(found.count == 40 && Set(found).count == 40)
    }

    @Test func `what a role does not see it cannot search`() throws {
        let bench = filled()
        let masked = Projection(of: Bench.tasks, masked: ["args"])
        #expect {
            try bench.engine.query(
                QueryRequest(topic: "tasks", filter: .contains("args", "order")),
                projection: masked)
        } throws: { ($0 as? SyncError)?.code == .badFilter }
        let page = try answer(
            bench, QueryRequest(topic: "tasks", filter: .contains("*", "order")),
            projection: masked)
        #expect(page.rows.isEmpty)
    }

    @Test func `clauses, depth, rows and values are bounded`() throws {
        let bench = filled()
        func accepts(_ filter: FilterExpression, limit: Int = 50) -> Bool {
            (try? bench.engine.query(
                QueryRequest(topic: "tasks", filter: filter, limit: limit))) != nil
        }
        let one = FilterExpression.eq("state", .text("a"))
        #expect(accepts(.or(Array(repeating: one, count: 31))))
        #expect(!accepts(.or(Array(repeating: one, count: 32))))
        func nested(_ depth: Int) -> FilterExpression {
            depth == 1 ? one : .not(nested(depth - 1))
        }
        #expect(accepts(nested(6)) && !accepts(nested(7)))
        #expect(accepts(one, limit: 200) && !accepts(one, limit: 201) && !accepts(one, limit: 0))
        #expect(accepts(.contains("name", String(repeating: "x", count: 1_024))))
        #expect(!accepts(.contains("name", String(repeating: "x", count: 1_025))))
        #expect(!accepts(.contains("name", "")))
        #expect(!accepts(.eq("nonsense", .int(1))))
        #expect(throws: SyncError.self) { try bench.engine.query(QueryRequest(topic: "workers")) }
    }

    @Test(arguments: [1, 7, 100, 1_000])
    func `all rows that match are found, the newest first, however few are looked at a time`(
        step: Int
    ) throws {
        let bench = filled()

        let run = try bench.engine.matches(
            .eq("state", .text("FAILURE")), in: "tasks", limit: 1_000)
        while !run.isDone { run.step(step) }

        let wanted = (0..<300).filter { $0 % 3 == 1 }.sorted { $0 * 37 % 300 > $1 * 37 % 300 }
        #expect(run.ids == wanted.map { "t\($0)" })
    }

    @Test(arguments: [(99, 99), (100, 100), (101, 100)])
    func `as many are found as are asked for`(limit: Int, count: Int) throws {
        let bench = filled()

        let run = try bench.engine.matches(
            .eq("state", .text("FAILURE")), in: "tasks", limit: limit)
        while !run.isDone { run.step(50) }

        #expect(run.ids.count == count)
    }

    @Test func `rows that come and go while all are looked for spoil nothing`() throws {
        let bench = filled()
        let run = try bench.engine.matches(.and([]), in: "tasks", limit: 1_000)

        run.step(100)
        bench.addTask("late", seen: 1_000)
        for number in 0..<50 { bench.engine.remove(bench.tasks, id: "t\(number)") }
        bench.engine.commit(at: 1)
        while !run.isDone { run.step(100) }

        #expect(Set(run.ids).count == run.ids.count)
        #expect(!run.ids.contains("late"))
        #expect(Set(run.ids).isSuperset(of: (50..<300).map { "t\($0)" }))
    }

    @Test func `a filter that is none finds nothing`() throws {
        let bench = filled()

        #expect(throws: SyncError.self) {
            try bench.engine.matches(.eq("nonsense", .absent), in: "tasks", limit: 1)
        }
        #expect(throws: SyncError.self) {
            try bench.engine.matches(.and([]), in: "stats", limit: 1)
        }
    }
}
