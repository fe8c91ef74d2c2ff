internal import WireFormats

/// One parameter of a route's query string, as it is described.
struct RestParameter: Sendable {
    /// Its name.
    let name: String
    /// What it means, one sentence.
    let help: String
    /// Its JSON schema.
    let schema: JsonValue

    /// A text.
    static func text(_ name: String, _ help: String) -> RestParameter {
        RestParameter(name: name, help: help, schema: ["type": "string"])
    }

    /// One of these words.
    static func choice(_ name: String, _ words: [String], _ help: String) -> RestParameter {
        RestParameter(
            name: name, help: help,
            schema: ["type": "string", "enum": .array(words.map { .string($0) })])
    }

    /// A whole number.
    static func number(
        _ name: String, _ range: ClosedRange<Int>, usual: Int, _ help: String
    ) -> RestParameter {
        RestParameter(
            name: name, help: help,
            schema: [
                "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)), "default": .integer(Int64(usual)),
            ])
    }

    /// `offset`, `limit` and `after` of a list whose items have places.
    static func part(most: Int, usual: Int) -> [RestParameter] {
        [.number("offset", 0...Int(ListPart.largestOffset), usual: 0, "How many to leave out.")]
            + page(most: most, usual: usual)
    }

    /// `limit` and `after` of pages that follow each other.
    static func page(most: Int, usual: Int) -> [RestParameter] {
        [
            .number("limit", 1...most, usual: usual, "How many at most."),
            .text("after", "The `next` of the page before."),
        ]
    }

    /// Those of pages of tasks.
    static let taskPage = page(most: TaskQuery.pageLimit, usual: TaskQuery.usualPage)
}
