import Testing

@testable import LiveSync

@Suite struct FilterTests {
    private let schema = Bench.workers

    @Test func `filters that mean the same are equal`() throws {
        let one = try Filter(
            .and([.eq("state", .text("a")), .isIn("id", [.text("y"), .text("x")])]),
            schema: schema)
        let two = try Filter(
            .and([
                .isIn("id", [.text("x"), .text("y"), .text("x")]),
                .and([.isIn("state", [.text("a")])]),
            ]), schema: schema)

        #expect(one == two)
        #expect(try Filter(.and([]), schema: schema) == .everything)
        #expect(try Filter(nil, schema: schema).isEverything)
    }

    @Test func `two clauses on one field both hold`() throws {
        let filter = try Filter(
            .and([
                .isIn("state", [.text("a"), .text("b")]), .isIn("state", [.text("b"), .text("c")]),
            ]), schema: schema)

        #expect(filter.matches { _ in .text("b") })
        #expect(!filter.matches { _ in .text("a") })
        #expect(!filter.matches { _ in .text("c") })
    }

    @Test func `numbers match by value, and null means absent`() throws {
        let numbers = TopicSchema(
            name: "n", kind: .whole, fields: ["count"], filters: ["count"], sorts: ["count"])
        let three = try Filter(.eq("count", .double(3)), schema: numbers)
        #expect(three.matches { _ in .int(3) })
        #expect(three.matches { _ in .double(3) })
        #expect(!three.matches { _ in .text("3") })
        let none = try Filter(.eq("count", .absent), schema: numbers)
        #expect(none.matches { _ in .absent })
        #expect(!none.matches { _ in .int(0) })
        let some = try Filter(
            .range("count", from: .int(2), to: .int(4)), schema: numbers)
        #expect(some.matches { _ in .double(2) })
        #expect(!some.matches { _ in .int(4) })
        #expect(!some.matches { _ in .absent })
    }

    @Test(arguments: [
        FilterExpression.eq("nonsense", .int(1)), .eq("note", .text("x")),
        .range("state", from: .absent, to: .absent), .prefix("state", "a"),
        .and([.prefix("active", "a"), .prefix("active", "b")]),
        .and([.and([.and([.eq("state", .text("a"))])])]),
        .eq("state", .list("[]")),
    ])
    func `what the language does not have is refused`(expression: FilterExpression) {
        #expect { try Filter(expression, schema: schema) } throws: {
            ($0 as? SyncError)?.code == .badFilter
        }
    }

    @Test func `a refusal names the field and those that would do`() {
        #expect { try Filter(.eq("nonsense", .int(1)), schema: schema) } throws: {
            let message = ($0 as? SyncError)?.message ?? ""
            return message.contains("filtered by nonsense") && message.contains("state")
        }
        let blind = Projection(of: schema, hidden: ["state"])
        #expect {
            try Filter(.eq("state", .text("a")), schema: schema, projection: blind)
        } throws: {
            let possible = ($0 as? SyncError)?.message.split(separator: "possible are").last
            return possible?.contains("id") == true && possible?.contains("state") == false
        }
    }

    @Test func `what a role does not see it cannot ask for`() {
        let blind = Projection(of: schema, hidden: ["state"])
        let half = Projection(of: schema, masked: ["state"])
        for projection in [blind, half] {
            #expect(throws: SyncError.self) {
                try Filter(.eq("state", .text("a")), schema: schema, projection: projection)
            }
        }
    }

    @Test func `values, clauses and bytes are bounded`() throws {
        let limits = SyncLimits()
        let values = (0...limits.filterValues).map { FieldValue.int($0) }
        _ = try Filter(.isIn("state", Array(values.dropLast())), schema: schema)
        #expect(throws: SyncError.self) { try Filter(.isIn("state", values), schema: schema) }

        let clause = FilterExpression.eq("state", .text("a"))
        let clauses = Array(repeating: clause, count: limits.filterClauses - 1)
        _ = try Filter(.and(clauses), schema: schema)
        #expect(throws: SyncError.self) { try Filter(.and(clauses + [clause]), schema: schema) }

        let long = String(repeating: "x", count: limits.filterValueBytes)
        _ = try Filter(.eq("state", .text(long)), schema: schema)
        #expect(throws: SyncError.self) {
            try Filter(.eq("state", .text(long + "x")), schema: schema)
        }
    }
}
